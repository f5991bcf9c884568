// SPDX-License-Identifier: MIT
// What a node tells those around it. Called inside Node's functions, on the node thread; nothing here may call the node
// back.
#pragma once

#include <string>

#include "node/submission.hpp"
#include "raft/effects.hpp"

namespace tenon::node {

class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // Ends a request. Each submitted token is answered exactly once while the node lives.
  virtual void answer(Answer answer) = 0;
  virtual void role_changed(const raft::RoleChanged& role) = 0;
  // The node cannot go on: it answers nothing more and wants to be stopped. `why` is for the operator.
  virtual void failed(const std::string& why) = 0;
};

}  // namespace tenon::node
