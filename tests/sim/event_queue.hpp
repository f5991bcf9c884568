// SPDX-License-Identifier: MIT
// Virtual time: one heap of what is to happen, by time and then by the order in which it was planned, so that a run is
// the same every time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "raft/types.hpp"
#include "tenon/check.hpp"

namespace tenon::sim {

using raft::Duration;
using raft::Instant;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What a wall clock that is right shows: some day in 2023.
inline std::uint64_t true_wall_ms(Instant now) {
  constexpr std::uint64_t some_day = 1'700'000'000'000;
  return some_day +
         static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count());
}

class EventQueue {
 public:
  Instant now() const noexcept { return now_; }
  std::uint64_t performed() const noexcept { return performed_; }
  // Of which events there were, and when.
  std::uint64_t digest() const noexcept { return digest_; }

  void at(Instant time, std::function<void()> what) {
    heap_.push_back({std::max(time, now_), ++planned_, std::move(what)});
    std::push_heap(heap_.begin(), heap_.end());
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  // Lets everything happen that is planned before `end`, and what follows from it; then it is `end`.
  void run_until(Instant end) {
    while (!heap_.empty() && heap_.front().time < end) perform_next();
    now_ = end;
  }
  // The same, until `done` holds after an event; returns whether it does.
  template <class Done>
  bool run_until(Instant end, Done done) {
    while (!done()) {
      if (heap_.empty() || heap_.front().time >= end) return false;
      perform_next();
    }
    return true;
  }

 private:
  struct Planned {
    Instant time;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Planned& other) const noexcept {
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };
  void perform_next() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Planned next = std::move(heap_.back());
    heap_.pop_back();
    TENON_CHECK(next.time >= now_);
    now_ = next.time;
    ++performed_;
    const auto time = static_cast<std::uint64_t>(now_.time_since_epoch().count());
    digest_ = (digest_ ^ time ^ (next.order << 48)) * 0x9e3779b97f4a7c15u;
    next.what();
  }

  std::vector<Planned> heap_;                       // the next one first
  Instant now_ = Instant(std::chrono::hours(600));  // past 2^31 milliseconds
  std::uint64_t planned_ = 0;
  std::uint64_t performed_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace tenon::sim
