// SPDX-License-Identifier: MIT
// Majorities, as pure arithmetic over what is known of each voter.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "raft/types.hpp"

namespace tenon::raft {

// The least number of voters that is more than half of `voter_count`. Needs: voter_count > 0.
std::size_t majority(std::size_t voter_count) noexcept;

// The greatest index that at least a majority of the voters has reached; `matches` has one index for each voter, in any
// order. It decides what is committed (Raft paper, section 5.3). Needs: matches is not empty.
LogIndex majority_match(std::vector<LogIndex> matches) noexcept;

}  // namespace tenon::raft
