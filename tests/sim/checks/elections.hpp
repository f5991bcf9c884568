// SPDX-License-Identifier: MIT
// What makes a leader, by the votes as they leave whoever gives them and come to whoever asked:
//
//   I45  a node votes for one candidate in a term, whatever it forgets between
//   I46  who asks for votes by itself has been promised those of a majority before (thesis, section 9.6)
//   I47  who leads has the votes of a majority
//   I50  a node that knows that it was removed asks nobody for a vote
//
// A node is one with its data directory: what another of the same number has said is nothing that it has said, and it
// counts where a membership knows it by that directory, or by none.
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
  using Voter = std::pair<raft::NodeId, raft::Incarnation>;
  struct Sender {
    Voter self;
    const raft::Membership& known;  // by its log
    bool is_removed;                // as far as it knows
  };

  // Throws Violation.
  void sent(const Sender& from, raft::NodeId to, const raft::Message& message);
  // This has come to `to`.
  void received(const Voter& from, const Voter& to, const raft::VoteReply& reply);
  // It has begun to lead in this term. Throws Violation.
  void leads(const Voter& leader, raft::Term term, const raft::Membership& known) const;

 private:
  using Voters = std::set<Voter>;
  using Candidacy = std::pair<raft::Term, Voter>;

  void sent_request(const Sender& from, const raft::VoteRequest& request);
  void voted(const Voter& voter, raft::Term term, raft::NodeId candidate);
  static bool is_majority(const std::map<Candidacy, Voters>& ballots, const Candidacy& candidacy,
                          const raft::Membership& known);

  std::map<std::pair<Voter, raft::Term>, raft::NodeId> votes_;
  std::map<Candidacy, Voters> promised_;  // by pre-votes that have come
  std::map<Candidacy, Voters> granted_;
};

}  // namespace tenon::sim
