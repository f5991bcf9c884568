// SPDX-License-Identifier: MIT
// Quorums, by the plainest arithmetic there is: what core/raft counts is held against it, and shares nothing with it.
//
//   I42  a log holds at most one membership that is not decided, and whoever counts in it cannot decide without
//   somebody
//        who counts in the one before it
#pragma once

#include <set>

#include "raft/membership.hpp"

namespace tenon::sim {

// A majority of those that counted before, and one of those that count afterwards.
bool is_quorum_of(const raft::Membership& membership, const std::set<raft::NodeId>& nodes);
// Whether no two disjoint sets of nodes are a quorum of one each.
bool quorums_intersect(const raft::Membership& one, const raft::Membership& other);

}  // namespace tenon::sim
