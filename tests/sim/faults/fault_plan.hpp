// SPDX-License-Identifier: MIT
// The faults of a run that come and go, each kind in its own rhythm and from its own stream of random numbers, so that
// one that is left out does not shuffle the others.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "faults/atlas.hpp"

namespace tenon::sim {

class FaultPlan {
 public:
  FaultPlan(const Options& options, EventQueue& events, Trace& trace, Network& network, Machines& machines)
      : options_(options),
        events_(events),
        trace_(trace),
        network_(network),
        machines_(machines),
        restarts_(options.seed, "restarts") {}

  void begin();
  // A machine was stopped by its disk, and whoever runs it starts it again.
  void start_again(Machine& machine);
  // No fault begins any more.
  void end() { is_over_ = true; }

 private:
  struct Fault {
    Duration mean;  // between two
    std::function<void(Stream&)> what;
    Stream random;
  };

  // Does `what` again and again, with `mean` between; never when it is zero.
  void now_and_then(Duration mean, const char* kind, std::function<void(Stream&)> what);
  void plan_next(Fault& fault);
  void start_later(Machine& machine, Duration wait);
  Machine& choose(Stream& random);
  void plan_network();
  void plan_disks();
  void swizzle(Stream& random);
  void depose(Stream& random);
  void set_clock(Stream& random);
  void stop_some(Stream& random, bool power);
  support::PowerLoss power_loss(Stream& random);
  void fail_disk(Stream& random);
  void fill_disk(Stream& random);
  void damage_some(Stream& random);
  void wipe_some(Stream& random);

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  Machines& machines_;
  Stream restarts_;
  std::vector<std::unique_ptr<Fault>> faults_;
  bool is_over_ = false;
};

}  // namespace tenon::sim
