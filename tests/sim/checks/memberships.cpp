// SPDX-License-Identifier: MIT
#include "checks/memberships.hpp"

#include <cstdint>
#include <vector>

#include "tenon/check.hpp"

namespace tenon::sim {

bool is_quorum_of(const raft::Membership& membership, const std::set<raft::NodeId>& nodes) {
  std::size_t before = 0;
  std::size_t before_has = 0;
  std::size_t after = 0;
  std::size_t after_has = 0;
  for (const raft::Member& member : membership.members) {
    const bool is_outgoing = member.standing == raft::Standing::outgoing;
    const bool is_incoming = member.standing == raft::Standing::incoming;
    const bool is_voter = member.standing == raft::Standing::voter;
    const bool has = nodes.contains(member.id);
    if (is_voter || is_outgoing) ++before;
    if (has && (is_voter || is_outgoing)) ++before_has;
    if (is_voter || is_incoming) ++after;
    if (has && (is_voter || is_incoming)) ++after_has;
  }
  return before_has * 2 > before && after_has * 2 > after;
}

bool quorums_intersect(const raft::Membership& one, const raft::Membership& other) {
  std::set<raft::NodeId> all;
  for (const raft::Membership* membership : {&one, &other}) {
    for (const raft::Member& member : membership->members) all.insert(member.id);
  }
  const std::vector<raft::NodeId> nodes(all.begin(), all.end());
  TENON_CHECK(nodes.size() <= 16);
  for (std::uint32_t chosen = 0; chosen < (1u << nodes.size()); ++chosen) {
    std::set<raft::NodeId> some;
    std::set<raft::NodeId> others;
    for (std::size_t i = 0; i < nodes.size(); ++i) ((chosen >> i & 1u) != 0 ? some : others).insert(nodes[i]);
    if (is_quorum_of(one, some) && is_quorum_of(other, others)) return false;
  }
  return true;
}

}  // namespace tenon::sim
