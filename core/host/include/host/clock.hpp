// SPDX-License-Identifier: MIT
// The clocks of a real node. Steady time is CLOCK_BOOTTIME: it never runs back, and it goes on while the machine
// sleeps, so that a lease or an election timeout is over after a suspend.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "node/node.hpp"

namespace tenon::host {

inline raft::Instant steady_now() noexcept {
  timespec time{};
  TENON_CHECK(::clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return raft::Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

inline std::uint64_t wall_now_ms() noexcept {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count());
}

inline node::Now now() noexcept { return {steady_now(), wall_now_ms()}; }

}  // namespace tenon::host
