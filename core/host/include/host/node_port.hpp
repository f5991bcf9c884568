// SPDX-License-Identifier: MIT
// What client queues need of the node: somewhere to put requests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/submission.hpp"

namespace tenon::host {

class NodePort {
 public:
  virtual ~NodePort() = default;
  // Queues the submissions in their order and leaves `submissions` empty; those for which there is no room are
  // returned, surely not taken. Any thread; never blocks.
  virtual std::vector<node::Token> submit(std::vector<node::Submission>& submissions) = 0;
  // Asks the node to end a request. Any thread; never blocks.
  virtual void cancel(node::Token token) = 0;
  // The answer to an admin verb; nullopt: it is not known. Any thread; never waits for the node.
  virtual std::optional<std::string> admin(const std::string& verb, const std::string& argument) = 0;
};

}  // namespace tenon::host
