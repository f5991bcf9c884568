// SPDX-License-Identifier: MIT
#include "raft/quorum.hpp"

#include <algorithm>
#include <functional>

namespace tenon::raft {

std::size_t majority(std::size_t voter_count) noexcept {
  TENON_CHECK(voter_count > 0);
  return voter_count / 2 + 1;
}

LogIndex majority_match(std::vector<LogIndex> matches) noexcept {
  const std::size_t rank = majority(matches.size()) - 1;
  std::nth_element(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(rank), matches.end(),
                   std::greater<>());
  return matches[rank];
}

}  // namespace tenon::raft
