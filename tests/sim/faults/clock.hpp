// SPDX-License-Identifier: MIT
// The two clocks of a machine. The steady one has begun somewhere, and runs a little too fast or too slow, within the
// drift that is promised. A machine that sleeps is a machine that is paused, for the clock counts what it has slept;
// but it may have counted too much, and then it has jumped forward. It never goes back. The wall clock may be off by
// anything, run at any rate, and jump.
#pragma once

#include <cstdint>

#include "event_queue.hpp"

namespace tenon::sim {

class Clock {
 public:
  // What a steady clock runs too fast or too slow at most.
  static constexpr std::int64_t kDriftPerMillionMax = 50'000;

  // The machine starts: its steady clock shows the time and `ahead`, and from then on gains `per_million`. Needs:
  // -kDriftPerMillionMax <= per_million <= kDriftPerMillionMax.
  void begin(Instant now, Duration ahead, std::int64_t per_million) {
    TENON_CHECK(-kDriftPerMillionMax <= per_million && per_million <= kDriftPerMillionMax);
    began_ = now;
    ahead_ = ahead;
    per_million_ = per_million;
  }
  // The steady clock shows so much more than it did. Needs: by >= 0.
  void jump(Duration by) {
    TENON_CHECK(by >= Duration::zero());
    ahead_ += by;
    jumped_ += by;
  }
  // By how much in all.
  Duration jumped() const noexcept { return jumped_; }
  Instant steady(Instant now) const {
    const Duration passed = now - began_;
    return now + ahead_ + passed * per_million_ / kMillion;
  }
  // When it shows `steady`, or a little more.
  Instant when(Instant steady) const {
    const Duration passed = steady - began_ - ahead_;
    return began_ + passed * kMillion / (kMillion + per_million_) + microseconds(1);
  }

  // From now on the wall clock shows the time and `ahead`, and gains `per_million`.
  void set_wall(Instant now, milliseconds ahead, std::int64_t per_million) {
    wall_set_ = now;
    wall_ahead_ = ahead;
    wall_per_million_ = per_million;
  }
  std::uint64_t wall_ms(Instant now) const {
    const Duration gained = (now - wall_set_) * wall_per_million_ / kMillion;
    const milliseconds off = wall_ahead_ + std::chrono::duration_cast<milliseconds>(gained);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(true_wall_ms(now)) + off.count());
  }

 private:
  static constexpr std::int64_t kMillion = 1'000'000;

  Instant began_{};
  Duration ahead_{};
  Duration jumped_{};
  std::int64_t per_million_ = 0;
  Instant wall_set_{};
  milliseconds wall_ahead_{};
  std::int64_t wall_per_million_ = 0;
};

}  // namespace tenon::sim
