// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>

#include "node/backup/operator_request.hpp"
#include "node/submission.hpp"
#include "raft/types.hpp"
#include "wire/frame.hpp"

namespace tenon::sim {

class Machine;

// What watches the machines.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void submitted(const node::Submission& submission) = 0;
  virtual void answered(Machine& machine, const node::Answer& answer) = 0;
  virtual void operator_answered(Machine& machine, const node::OperatorAnswer& answer) = 0;
  // It offers these frames to the network.
  virtual void sending(Machine& machine, raft::NodeId peer, std::span<const wire::OutgoingFrame> frames) = 0;
  // A frame has come, perhaps corrupted.
  virtual void receiving(Machine& machine, raft::NodeId peer, const std::shared_ptr<const std::string>& frame) = 0;
  // The node has run; everything about it may have changed.
  virtual void ran(Machine& machine) = 0;
  virtual void started(Machine& machine) = 0;
  // It is gone, and with it whoever waited for it.
  virtual void ended(raft::NodeId node) = 0;
  // Its disk made it end, or did not let it start; it wants to be started again later.
  virtual void stopped(Machine& machine) = 0;
};

}  // namespace tenon::sim
