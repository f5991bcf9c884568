// SPDX-License-Identifier: MIT
// How fast the workers of a machine are: each step takes longer the more others want them, and now and then all stand
// still for as long as some elections take.
#pragma once

#include <algorithm>

#include "options.hpp"
#include "trace.hpp"

namespace tenon::sim {

class WorkerSpeed {
 public:
  WorkerSpeed(const Options& options, EventQueue& events, Trace& trace, std::uint64_t node)
      : options_(options),
        events_(events),
        trace_(trace),
        random_(options.seed, "busy workers", node),
        stalls_(options.seed, "worker stalls", node),
        slowness_(static_cast<std::int64_t>(random_.log_between(1, 127) / 8)) {}

  // Of one step, which takes so long when nothing else is to be done.
  Duration wait(Duration alone) {
    if (stalls_.chance(options_.worker_stall_per_million)) {
      stall(options_.node.raft.election_timeout_max * static_cast<std::int64_t>(stalls_.between(1, 6)));
    }
    const Duration wait = std::max(alone, stands_still_until_ - events_.now());
    if (options_.busy_worker_mean == Duration::zero() || slowness_ == 0) return wait;
    trace_.count("busy workers");
    return wait + random_.wait(options_.busy_worker_mean) * slowness_;
  }
  // None goes on for so long.
  void stall(Duration time) {
    trace_.count("worker stalls");
    stands_still_until_ = std::max(stands_still_until_, events_.now() + time);
  }
  // Whatever they did is over.
  void end() noexcept { stands_still_until_ = Instant(); }

 private:
  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Stream random_;
  Stream stalls_;
  const std::int64_t slowness_;  // how often others want them
  Instant stands_still_until_{};
};

}  // namespace tenon::sim
