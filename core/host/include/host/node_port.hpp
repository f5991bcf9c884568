// SPDX-License-Identifier: MIT
// What client queues need of the node: somewhere to put requests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/submission.hpp"

namespace tenon::host {

struct AdminAnswer {
  tenon_error error = TENON_OK;  // else it is refused, and surely not done
  std::string text;              // the answer, in the form of status_text.hpp, or why it is refused
  raft::NodeId leader = {};      // of a refusal with NOT_LEADER: as last heard of
};

class NodePort {
 public:
  virtual ~NodePort() = default;
  // Queues the submissions in their order and leaves `submissions` empty; those for which there is no room are
  // returned, surely not taken. Any thread; never blocks.
  virtual std::vector<node::Token> submit(std::vector<node::Submission>& submissions) = 0;
  // Asks the node to end a request. Any thread; never blocks.
  virtual void cancel(node::Token token) = 0;
  // A completion of a stream was released, and what it had on loan is free again. Any thread; never blocks.
  virtual void loan_returned(const node::StreamLoan& loan) = 0;
  // The queue is gone, and nobody waits for what was submitted on it. Any thread; never blocks.
  virtual void end_queue(std::uint64_t queue) = 0;
  // The answer to an admin verb; nullopt: it comes later, as a completion for the token's queue. Any thread; never
  // waits for the node.
  virtual std::optional<AdminAnswer> admin(node::Token token, const std::string& verb, const std::string& argument) = 0;
};

}  // namespace tenon::host
