// SPDX-License-Identifier: MIT
// The counters of Raft as types of their own, so that none can stand where another belongs, and time as a value: a node
// clock has no now(), whoever drives the core says what time it is.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

#include "tenon/check.hpp"

namespace tenon::raft {

// A 64-bit count that is made explicitly and never converts back by itself. 0 means none, wherever none is possible.
template <class Tag>
class Ordinal {
 public:
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(std::uint64_t value) noexcept : value_(value) {}
  constexpr std::uint64_t value() const noexcept { return value_; }

  // Needs: not the greatest value.
  constexpr Ordinal next() const noexcept {
    TENON_CHECK(value_ < std::numeric_limits<std::uint64_t>::max());
    return Ordinal(value_ + 1);
  }
  // Needs: not 0.
  constexpr Ordinal previous() const noexcept {
    TENON_CHECK(value_ > 0);
    return Ordinal(value_ - 1);
  }
  friend constexpr bool operator==(const Ordinal&, const Ordinal&) noexcept = default;
  friend constexpr std::strong_ordering operator<=>(const Ordinal& left, const Ordinal& right) noexcept {
    return left.value_ <=> right.value_;
  }

 private:
  std::uint64_t value_ = 0;
};

// Terms and indexes that come from elsewhere are at most this, so that a node can go on counting from any of them.
inline constexpr std::uint64_t kOrdinalMax = std::uint64_t{1} << 62;

using NodeId = Ordinal<struct NodeIdTag>;                // 0: nobody
using Term = Ordinal<struct TermTag>;                    // 0: before the first election
using LogIndex = Ordinal<struct LogIndexTag>;            // 0: before the first entry
using WriteSequence = Ordinal<struct WriteSequenceTag>;  // 0: before the first write

// What whoever drives the core names its own proposals and reads by; the core only hands it back.
using Token = Ordinal<struct TokenTag>;

struct NodeClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<NodeClock>;
  static constexpr bool is_steady = true;
};
// A point of a clock that never runs back and goes on while the machine sleeps.
using Instant = NodeClock::time_point;
using Duration = NodeClock::duration;

}  // namespace tenon::raft
