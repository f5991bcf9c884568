// SPDX-License-Identifier: MIT
// What makes a leader, by the votes as they leave whoever gives them and come to whoever asked:
//
//   I45  a node votes for one candidate in a term, whatever it forgets between
//   I46  who asks for votes by itself has been promised those of a majority before (thesis, section 9.6)
//   I47  who leads has the votes of a majority
//   I50  a node that knows that it was removed asks nobody for a vote
#pragma once

#include <map>
#include <set>
#include <utility>

#include "raft/membership.hpp"
#include "raft/message.hpp"
#include "trace.hpp"

namespace tenon::sim {

class Elections {
 public:
  // A node whose membership is `known` sends this. Throws Violation.
  void sent(raft::NodeId from, raft::NodeId to, const raft::Message& message, const raft::Membership& known);
  // This has come to `to`.
  void received(raft::NodeId from, raft::NodeId to, const raft::VoteReply& reply);
  // It has begun to lead in this term. Throws Violation.
  void leads(raft::NodeId leader, raft::Term term, const raft::Membership& known) const;
  // It knows that it was removed, or does not, or no more: since it has started, or since it was added again.
  void stands_as(raft::NodeId node, bool is_removed);
  // Its disk is another, and its votes are nobody's.
  void forget(raft::NodeId node);

 private:
  using Voters = std::set<raft::NodeId>;
  using Candidacy = std::pair<raft::Term, raft::NodeId>;

  void sent_request(raft::NodeId from, const raft::VoteRequest& request, const raft::Membership& known);
  void voted(raft::NodeId voter, const Candidacy& candidacy);
  static bool is_majority(const std::map<Candidacy, Voters>& ballots, const Candidacy& candidacy,
                          const raft::Membership& known);

  std::map<std::pair<raft::NodeId, raft::Term>, raft::NodeId> votes_;
  std::map<Candidacy, Voters> promised_;  // by pre-votes that have come
  std::map<Candidacy, Voters> granted_;
  std::set<raft::NodeId> removed_;
};

}  // namespace tenon::sim
