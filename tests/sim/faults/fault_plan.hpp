// SPDX-License-Identifier: MIT
// The faults of a run that come and go, each kind in its own rhythm and from its own stream of random numbers, so that
// one that is left out does not shuffle the others.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "faults/atlas.hpp"
#include "faults/member_plan.hpp"

namespace tenon::sim {

class FaultPlan {
 public:
  FaultPlan(const Options& options, EventQueue& events, Trace& trace, Network& network, Machines& machines,
            Atlas& atlas)
      : options_(options),
        events_(events),
        trace_(trace),
        network_(network),
        machines_(machines),
        atlas_(atlas),
        members_(options, trace, machines, atlas),
        restarts_(options.seed, "restarts") {}

  void begin();
  // A machine was stopped by its disk, and whoever runs it starts it again.
  void start_again(Machine& machine);
  void operator_answered(const Machine& machine, const node::OperatorAnswer& answer) {
    members_.answered(machine, answer);
  }
  void ended(NodeId node) { members_.ended(node); }
  // A machine that is not running starts after `wait`, unless it was started by then.
  void start_later(Machine& machine, Duration wait);
  // What a loss of power leaves, of what the options allow.
  support::PowerLoss power_loss(Stream& random);
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
  Machine& choose(Stream& random);
  void plan_network();
  void plan_disks();
  void swizzle(Stream& random);
  void depose(Stream& random);
  void set_clock(Stream& random);
  void stop_some(Stream& random, bool power);
  void fail_disk(Stream& random);
  void fill_disk(Stream& random);
  void damage_some(Stream& random);
  void wipe_some(Stream& random);
  void change_members(Stream& random);

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  Machines& machines_;
  Atlas& atlas_;
  MemberPlan members_;
  Stream restarts_;
  std::vector<std::unique_ptr<Fault>> faults_;
  bool is_over_ = false;
};

}  // namespace tenon::sim
