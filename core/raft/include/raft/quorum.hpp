// SPDX-License-Identifier: MIT
// Majorities, as pure arithmetic over what is known of each voter.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>

#include "raft/membership.hpp"
#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

// The least number of voters that is more than half of `voter_count`. Needs: voter_count > 0.
constexpr std::size_t majority(std::size_t voter_count) noexcept {
  TENON_CHECK(voter_count > 0);
  return mutant("half-is-a-majority") ? (voter_count + 1) / 2 : voter_count / 2 + 1;
}

// The greatest value that at least a majority of the voters has reached; `reached` has one value for each voter, in any
// order, and gets another. Needs: reached is not empty.
template <class Value>
Value majority_reached(std::span<Value> reached) noexcept {
  const auto rank = static_cast<std::ptrdiff_t>(majority(reached.size()) - 1);
  std::nth_element(reached.begin(), reached.begin() + rank, reached.end(), std::greater<>());
  return reached[static_cast<std::size_t>(rank)];
}

// The greatest value that a quorum has reached: a majority, and of a joint membership one of each of its sets (thesis
// section 4.3). `reached_by` says it of one voter. Of log indexes it decides what is committed (Raft paper, section
// 5.3), of heartbeat rounds which reads are confirmed, of times whether a leader still has its quorum. Needs: each set
// has a voter.
template <class Value, class ReachedBy>
Value quorum_reached(const Membership& membership, const ReachedBy& reached_by) {
  TENON_CHECK(membership.members.size() <= kMembersMax);
  std::array<Value, kMembersMax> before;
  std::array<Value, kMembersMax> after;
  std::size_t before_count = 0;
  std::size_t after_count = 0;
  for (const Member& member : membership.members) {
    const bool is_mistaken = member.standing == Standing::learner && mutant("learners-count");
    if (member.standing == Standing::learner && !is_mistaken) continue;
    const Value reached = reached_by(member.id);
    if (counts_before(member.standing) || is_mistaken) before[before_count++] = reached;
    if (counts_after(member.standing) || is_mistaken) after[after_count++] = reached;
  }
  const std::span of_before = std::span(before).first(before_count);
  const std::span of_after = std::span(after).first(after_count);
  if (mutant("new-voters-decide")) return majority_reached(of_after);
  if (mutant("old-voters-decide")) return majority_reached(of_before);
  return std::min(majority_reached(of_before), majority_reached(of_after));
}

// Whether those of whom `holds` is true are a quorum. Needs: each set has a voter.
template <class Holds>
bool is_quorum(const Membership& membership, const Holds& holds) {
  return quorum_reached<int>(membership, [&](NodeId node) { return holds(node) ? 1 : 0; }) == 1;
}

}  // namespace tenon::raft
