// SPDX-License-Identifier: MIT
#include <algorithm>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"

namespace tenon::raft {

// Raft paper, section 5.2: a candidate raises its term and votes for itself.
void Raft::become_candidate(Effects& effects) {
  TENON_CHECK(!std::holds_alternative<Leader>(role_));
  set_hard_state({hard_state_.term.next(), settings_.self}, effects);
  role_ = Candidate{{}, last_sequence_, draw_election_deadline()};
  effects.roles.push_back({RoleName::candidate, hard_state_.term, NodeId()});
}

// A vote counts once it is durable where it was given. Were the own one counted earlier, a crash could let this node
// vote for another in a term that it had already won.
void Raft::count_vote(NodeId voter, Effects& effects) {
  auto& granted = std::get<Candidate>(role_).granted;
  const auto place = std::lower_bound(granted.begin(), granted.end(), voter);
  if (place != granted.end() && *place == voter) return;
  granted.insert(place, voter);
  if (granted.size() >= majority(membership_.voters.size())) become_leader(effects);
}

}  // namespace tenon::raft
