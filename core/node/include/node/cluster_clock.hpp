// SPDX-License-Identifier: MIT
// Cluster time, in milliseconds since 1970: what a leader stamps into entries, and what keys and sessions expire by. It
// never runs back, goes by the steady clock of the node that knows it, and moves ahead only to a time that the wall
// clocks of a majority of the voters have reached. So neither a minority of clocks that are set wrong nor a change of
// leader moves an expiry.
//
// Each node knows a time that cluster time has reached: the stamps that it applies, and what leaders report, each going
// on by its own steady clock. A leader goes on from there. It stamps nothing before it has heard the clocks of a
// majority in its leadership, because nobody knows how long the time was that all of them were down, and a key that is
// put before and after such a step ahead would live for less than it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "raft/entry.hpp"
#include "raft/types.hpp"

namespace tenon::node {

// The end of the year 9999. A clock that shows more, or nothing, is none.
inline constexpr std::uint64_t kWallMsMax = 253'402'300'799'999;

class ClusterClock {
 public:
  // Needs: of all functions, that `now` never runs back. `applied_ms` is the stamp of the state that the node starts
  // with.
  ClusterClock(raft::Instant now, std::uint64_t applied_ms) noexcept
      : known_at_(now), known_ms_(applied_ms), applied_ms_(applied_ms) {}

  // The state that this node holds has been stamped so; no later stamp is before it.
  void applied(raft::Instant now, std::uint64_t stamp_ms) noexcept;
  // A leader has said what cluster time is. Needs: it leads, and this node does not.
  void follow(raft::Instant now, std::uint64_t cluster_time_ms) noexcept;

  // This node leads from now on. What was heard before does not count.
  void lead(raft::Instant now) noexcept;
  // The wall clock of another voter shows `wall_ms`. True: nothing was heard of it before in this leadership. Needs:
  // lead() was called; 0 < wall_ms <= kWallMsMax.
  bool heard(raft::Instant now, raft::NodeId voter, std::uint64_t wall_ms);
  // Compares with the clocks of the voters that were heard since `oldest`, and with the own one of `self`, and goes
  // ahead to the latest time that a majority of them has reached. Needs: lead() was called; self is a voter.
  void look(raft::Instant now, raft::Instant oldest, std::uint64_t own_wall_ms, const raft::Membership& membership,
            raft::NodeId self);
  // Whether stamps may be given: the clocks of a majority were heard in this leadership.
  bool is_set() const noexcept { return is_set_; }

  std::uint64_t stamp_ms(raft::Instant now) const noexcept;
  // When stamp_ms() is `stamp_ms` at the earliest, if the time goes on as it does.
  raft::Instant reaches(std::uint64_t stamp_ms) const noexcept;

 private:
  struct Heard {
    raft::Instant at;
    std::int64_t ahead_ms = 0;  // of the steady clock of this node
  };

  raft::Instant known_at_;
  std::uint64_t known_ms_;    // cluster time at known_at_ was this at least
  std::uint64_t applied_ms_;  // <= stamp_ms(now)
  bool is_set_ = false;
  std::map<raft::NodeId, Heard> heard_;  // in this leadership
};

}  // namespace tenon::node
