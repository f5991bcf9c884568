// SPDX-License-Identifier: MIT
// Majorities, as pure arithmetic over what is known of each voter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

// The least number of voters that is more than half of `voter_count`. Needs: voter_count > 0.
constexpr std::size_t majority(std::size_t voter_count) noexcept {
  TENON_CHECK(voter_count > 0);
  return mutant("half-is-a-majority") ? (voter_count + 1) / 2 : voter_count / 2 + 1;
}

// The greatest value that at least a majority of the voters has reached; `reached` has one value for each voter, in any
// order. Of log indexes it decides what is committed (Raft paper, section 5.3), of heartbeat rounds which reads are
// confirmed, of times whether a leader still has its majority. Needs: reached is not empty.
template <class Value>
Value majority_reached(std::vector<Value> reached) noexcept {
  const auto rank = static_cast<std::ptrdiff_t>(majority(reached.size()) - 1);
  std::nth_element(reached.begin(), reached.begin() + rank, reached.end(), std::greater<>());
  return reached[static_cast<std::size_t>(rank)];
}

}  // namespace tenon::raft
