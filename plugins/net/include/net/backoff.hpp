// SPDX-License-Identifier: MIT
// How long to wait before the next attempt: twice as long after each, and never quite as long as others wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

#include "tenon/check.hpp"

namespace tenon::net {

// 0 < min <= delay <= max. Of one thread.
class Backoff {
 public:
  using Duration = std::chrono::microseconds;

  Backoff(Duration min, Duration max) : min_(min), max_(max), delay_(min) {
    TENON_CHECK(Duration::zero() < min && min <= max);
  }

  // A random time between half the delay and the delay, which doubles for the next call.
  template <class Generator>
  Duration next(Generator& random) {
    const Duration delay = delay_;
    delay_ = delay > max_ / 2 ? max_ : 2 * delay;
    std::uniform_int_distribution<Duration::rep> jitter(delay.count() / 2, delay.count());
    return Duration(jitter(random));
  }
  void reset() noexcept { delay_ = min_; }

 private:
  const Duration min_;
  const Duration max_;
  Duration delay_;
};

}  // namespace tenon::net
