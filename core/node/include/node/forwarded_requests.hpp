// SPDX-License-Identifier: MIT
// Commands that peers have passed on to this node, and the way of their answers back. A command is passed on once: what
// this node cannot propose it refuses, and the node that its client is connected to says so.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "node/peer_links.hpp"
#include "node/requests.hpp"
#include "node/surroundings.hpp"

namespace tenon::node {

// Takes every answer of the node, and leads it to the peer or to the client that waits for it.
class ForwardedRequests final : public AnswerPort {
 public:
  // Keeps: links and surroundings, for its life.
  ForwardedRequests(PeerLinks& links, Surroundings& surroundings) noexcept
      : links_(links), surroundings_(surroundings) {}

  void answer(Answer answer) override;
  // The requests in which the commands of `forward` wait here. Empty: one of them is none that this node knows.
  std::vector<Submission> accept(raft::NodeId from, const wire::Forward& forward, raft::Instant now);

 private:
  struct Waiting {
    raft::NodeId from;
    std::uint64_t request;
  };
  PeerLinks& links_;
  Surroundings& surroundings_;
  std::map<std::uint64_t, Waiting> waiting_;  // by the request of its token; bounded by the inbox
  std::uint64_t last_ = 0;
};

// The answer to a command that was applied with that reply.
Answer applied_answer(Token token, kv::Reply reply, raft::NodeId leader);

// The answer for a client whose command the leader has answered so.
Answer forwarded_answer(Token token, wire::ForwardReply reply, raft::NodeId leader);

}  // namespace tenon::node
