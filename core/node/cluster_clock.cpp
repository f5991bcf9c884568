// SPDX-License-Identifier: MIT
#include "node/cluster_clock.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "raft/quorum.hpp"
#include "tenon/check.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::node {
namespace {

std::int64_t milliseconds_of(raft::Instant now) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
}

}  // namespace

void ClusterClock::applied(raft::Instant now, std::uint64_t stamp_ms) noexcept {
  applied_ms_ = std::max(applied_ms_, stamp_ms);
  if (this->stamp_ms(now) >= stamp_ms) return;
  known_at_ = now;
  known_ms_ = stamp_ms;
}

// What the leader says holds also when it is less than what is known here: then the steady clock of this node, or of
// an earlier leader, goes faster.
void ClusterClock::follow(raft::Instant now, std::uint64_t cluster_time_ms) noexcept {
  known_at_ = now;
  known_ms_ = std::max(cluster_time_ms, applied_ms_);
}

void ClusterClock::lead(raft::Instant now) noexcept {
  known_ms_ = stamp_ms(now);
  known_at_ = now;
  is_set_ = false;
  heard_.clear();
}

bool ClusterClock::heard(raft::Instant now, raft::NodeId voter, std::uint64_t wall_ms) {
  TENON_CHECK(0 < wall_ms && wall_ms <= kWallMsMax);
  const Heard heard{now, static_cast<std::int64_t>(wall_ms) - milliseconds_of(now)};
  return heard_.insert_or_assign(voter, heard).second;
}

void ClusterClock::look(raft::Instant now, raft::Instant oldest, std::uint64_t own_wall_ms,
                        const raft::Membership& membership, raft::NodeId self) {
  TENON_CHECK(membership.has_voter(self));
  constexpr std::int64_t not_heard = std::numeric_limits<std::int64_t>::min();
  auto wall_ms = raft::quorum_reached<std::int64_t>(membership, [&](raft::NodeId voter) {
    if (voter == self) return static_cast<std::int64_t>(std::min(own_wall_ms, kWallMsMax));
    const auto heard = heard_.find(voter);
    if (heard == heard_.end() || heard->second.at < oldest) return not_heard;
    return heard->second.ahead_ms + milliseconds_of(now);
  });
  if (mutant("one-clock-decides")) wall_ms = static_cast<std::int64_t>(std::min(own_wall_ms, kWallMsMax));
  if (wall_ms == not_heard) return;
  is_set_ = true;
  known_ms_ = std::max(stamp_ms(now), static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 0)));
  known_at_ = now;
}

std::uint64_t ClusterClock::stamp_ms(raft::Instant now) const noexcept {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - known_at_);
  return known_ms_ + static_cast<std::uint64_t>(elapsed.count());
}

raft::Instant ClusterClock::reaches(std::uint64_t stamp_ms) const noexcept {
  constexpr std::uint64_t ahead_ms_max = std::uint64_t{1} << 40;  // farther than any clock of a node goes
  const std::uint64_t ahead_ms = stamp_ms > known_ms_ ? std::min(stamp_ms - known_ms_, ahead_ms_max) : 0;
  return known_at_ + std::chrono::milliseconds(ahead_ms);
}

}  // namespace tenon::node
