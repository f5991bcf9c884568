// SPDX-License-Identifier: MIT
#include "raft/raft.hpp"

namespace tenon::raft {

void Raft::become_follower(NodeId leader) {
  // The only voter has nobody to wait for; any other gives a leader the time to be heard of.
  role_ = Follower{leader, is_only_voter() ? now_ : draw_election_deadline()};
}

}  // namespace tenon::raft
