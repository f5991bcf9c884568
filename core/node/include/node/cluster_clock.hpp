// SPDX-License-Identifier: MIT
// Cluster time, in milliseconds since 1970: what the leader stamps into entries. A leadership begins at the later of
// the last stamp in the log and the wall clock, and then goes by the steady clock alone, so that a wall clock that is
// set anew moves no expiry; no stamp is before an earlier one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "raft/types.hpp"

namespace tenon::node {

class ClusterClock {
 public:
  // Needs: last_stamp_ms is that of the newest entry in the log.
  void begin(raft::Instant now, std::uint64_t wall_ms, std::uint64_t last_stamp_ms) noexcept {
    began_at_ = now;
    began_ms_ = std::max(wall_ms, last_stamp_ms);
  }
  // Needs: begin() was called, and `now` is not before that.
  std::uint64_t stamp_ms(raft::Instant now) const noexcept {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_at_);
    return began_ms_ + static_cast<std::uint64_t>(elapsed.count());
  }
  // When stamp_ms() is `stamp_ms` at the earliest. Needs: begin() was called.
  raft::Instant reaches(std::uint64_t stamp_ms) const noexcept {
    constexpr std::uint64_t ahead_ms_max = std::uint64_t{1} << 40;  // farther than any clock of a node goes
    const std::uint64_t ahead_ms = stamp_ms > began_ms_ ? std::min(stamp_ms - began_ms_, ahead_ms_max) : 0;
    return began_at_ + std::chrono::milliseconds(ahead_ms);
  }

 private:
  raft::Instant began_at_;
  std::uint64_t began_ms_ = 0;
};

}  // namespace tenon::node
