// SPDX-License-Identifier: MIT
#include "faults/fault_plan.hpp"

#include "faults/partitions.hpp"

namespace tenon::sim {
namespace {

constexpr std::int64_t kWallRatePerMillionMax = 200'000;
constexpr std::uint64_t kSteadyJumpMaxMs = 600'000;

}  // namespace

void FaultPlan::now_and_then(Duration mean, const char* kind, std::function<void(Stream&)> what) {
  if (mean == Duration::zero()) return;
  faults_.push_back(std::make_unique<Fault>(Fault{mean, std::move(what), Stream(options_.seed, kind)}));
  plan_next(*faults_.back());
}

void FaultPlan::plan_next(Fault& fault) {
  events_.after(fault.random.wait(fault.mean) + milliseconds(1), [this, &fault] {
    if (is_over_) return;
    fault.what(fault.random);
    plan_next(fault);
  });
}

void FaultPlan::begin() {
  Stream clocks(options_.seed, "clocks at first");
  for (std::size_t i = 0; i < options_.wrong_clocks; ++i) {
    set_clock(clocks);
    trace_.count("wrong clocks");
  }
  plan_network();
  plan_disks();
  now_and_then(options_.power_loss_mean, "power losses", [this](Stream& random) { stop_some(random, true); });
  now_and_then(options_.kill_mean, "kills", [this](Stream& random) { stop_some(random, false); });
  now_and_then(options_.pause_mean, "pauses", [this](Stream& random) {
    trace_.count("pauses");
    random.pick(machines_)->pause(milliseconds(random.between(10, 3'000)));
  });
  now_and_then(options_.clock_jump_mean, "clock jumps", [this](Stream& random) {
    if (options_.wrong_clocks == 0) return;
    set_clock(random);
    trace_.count("clock jumps");
  });
  now_and_then(options_.steady_jump_mean, "steady clock jumps", [this](Stream& random) {
    random.pick(machines_)->jump_steady_clock(milliseconds(random.log_between(1, kSteadyJumpMaxMs)));
  });
  now_and_then(options_.transfer_mean, "transfers", [this](Stream& random) {
    Machine& machine = choose(random);
    const NodeId target(random.between(0, machines_.size()));
    if (!machine.is_running()) return;
    trace_.count("transfers");
    machine.transfer_leadership(target);
  });
  now_and_then(options_.member_change_mean, "member changes", [this](Stream& random) { change_members(random); });
}

void FaultPlan::plan_network() {
  now_and_then(options_.partition_mean, "partitions", [this](Stream& random) {
    std::vector<NodeId> nodes;
    for (const auto& machine : machines_) nodes.push_back(machine->id());
    const auto shape = static_cast<Shape>(random.between(0, static_cast<std::uint64_t>(Shape::count) - 1));
    trace_.count("partitions");
    trace_.count(std::string("partitions: ") + name_of(shape));
    partition(network_, shape, nodes, choose(random).id(), random);
  });
  now_and_then(options_.clog_mean, "clogs", [this](Stream& random) {
    const NodeId from = choose(random).id();
    const NodeId to = random.pick(machines_)->id();
    trace_.count("clogs");
    network_.clog(from, to, milliseconds(random.log_between(10, 5'000)));
  });
  now_and_then(options_.swizzle_mean, "swizzles", [this](Stream& random) { swizzle(random); });
  now_and_then(options_.deposition_mean, "depositions", [this](Stream& random) { depose(random); });
}

// What a leader says, and mostly what it is told, comes as late as it takes to elect another. It goes on alone for a
// while, so that logs diverge, and in the end all of that arrives.
void FaultPlan::depose(Stream& random) {
  for (const auto& leader : machines_) {
    if (!leader->is_running() || leader->node().raft().role() != raft::RoleName::leader) continue;
    trace_.count("depositions");
    const Duration lasts =
        options_.node.raft.election_timeout_max * static_cast<std::int64_t>(random.between(1, 5)) / 2;
    const bool hears_others = random.between(0, 3) == 0;
    for (const auto& other : machines_) {
      if (other == leader || random.between(0, 4) == 0) continue;
      network_.clog(leader->id(), other->id(), lasts);
      if (!hears_others) network_.clog(other->id(), leader->id(), lasts);
    }
  }
}

void FaultPlan::plan_disks() {
  now_and_then(options_.slow_disk_mean, "slow disks", [this](Stream& random) {
    trace_.count("slow disks");
    Machine& machine = choose(random);
    // One draw after the other: in which order arguments are evaluated is for the compiler to say.
    const auto times = static_cast<std::int64_t>(random.log_between(4, 100));
    machine.slow_disk(milliseconds(random.log_between(100, 10'000)), times);
  });
  now_and_then(options_.disk_error_mean, "disk errors", [this](Stream& random) { fail_disk(random); });
  now_and_then(options_.full_disk_mean, "full disks", [this](Stream& random) { fill_disk(random); });
  now_and_then(options_.damage_mean, "damage", [this](Stream& random) { damage_some(random); });
  now_and_then(options_.wipe_mean, "wipes", [this](Stream& random) { wipe_some(random); });
}

// Any node, but often one that leads: there most is at stake.
Machine& FaultPlan::choose(Stream& random) {
  Machine* chosen = random.pick(machines_).get();
  const bool wants_leader = random.coin();
  for (const auto& machine : machines_) {
    const bool leads = machine->is_running() && machine->node().raft().role() == raft::RoleName::leader;
    if (wants_leader && leads) chosen = machine.get();
  }
  return *chosen;
}

// Links are clogged one after the other, and open again in another order.
void FaultPlan::swizzle(Stream& random) {
  trace_.count("swizzles");
  for (const auto& from : machines_) {
    for (const auto& to : machines_) {
      if (from == to || random.coin()) continue;
      const milliseconds lasts(random.between(100, 3'000));
      events_.after(milliseconds(random.between(0, 1'000)), [this, link = std::pair(from->id(), to->id()), lasts] {
        if (!is_over_) network_.clog(link.first, link.second, lasts);
      });
    }
  }
}

// A clock that may be wrong is somewhat off, or by years, or right for a while; and it may run at another rate.
void FaultPlan::set_clock(Stream& random) {
  constexpr std::uint64_t years_ms = 5ull * 365 * 24 * 3600 * 1000;
  enum Kind : std::uint64_t { right, seconds_off, years_off };
  const std::uint64_t kind = random.between(right, years_off);
  const std::uint64_t off_ms = kind == right ? 0 : random.between(1, kind == seconds_off ? 20'000 : years_ms);
  const milliseconds off(off_ms);
  const auto gained = static_cast<std::int64_t>(random.between(0, 2 * kWallRatePerMillionMax));
  const bool gains = random.coin();
  machines_[random.between(0, options_.wrong_clocks - 1)]->set_wall_clock(random.coin() ? off : -off,
                                                                          gains ? gained - kWallRatePerMillionMax : 0);
}

// One node, or several, or all at once; each starts again some time later.
void FaultPlan::stop_some(Stream& random, bool power) {
  const std::uint64_t kind = random.between(0, 9);
  Machine& chosen = choose(random);
  for (const auto& machine : machines_) {
    const bool is_meant = kind == 0 || (kind < 3 && random.coin()) || (kind >= 3 && machine.get() == &chosen);
    if (!is_meant || !machine->is_running()) continue;
    trace_.count(power ? "power losses" : "kills");
    power ? machine->lose_power(power_loss(random)) : machine->kill();
    start_later(*machine, milliseconds(random.between(1, random.coin() ? 100 : 3'000)));
  }
}

support::PowerLoss FaultPlan::power_loss(Stream& random) {
  using Keeps = support::PowerLoss::Keeps;
  support::PowerLoss loss;
  const std::uint64_t keeps = random.between(0, 2);
  if (keeps == 1 && options_.keeps_prefixes) loss.keeps = Keeps::prefix;
  if (keeps == 2 && options_.loses_all) loss.keeps = Keeps::nothing;
  loss.tears_sectors = options_.tears_sectors;
  if (loss.keeps == Keeps::prefix) trace_.count("power losses that keep a prefix");
  if (loss.keeps == Keeps::nothing) trace_.count("power losses that keep nothing");
  if (loss.tears_sectors) trace_.count("power losses that tear sectors");
  return loss;
}

void FaultPlan::start_later(Machine& machine, Duration wait) {
  events_.after(wait, [this, &machine, life = machine.life()] {
    if (!is_over_ && !machine.is_running() && machine.life() == life && !machine.is_lost()) machine.start();
  });
}

void FaultPlan::start_again(Machine& machine) {
  if (!is_over_) start_later(machine, milliseconds(restarts_.between(10, 1'000)));
}

// The next call of some kind fails.
void FaultPlan::fail_disk(Stream& random) {
  using support::DiskCall;
  struct Choice {
    DiskCall call;
    tenon_error error;
  };
  constexpr Choice choices[] = {
      {DiskCall::write, TENON_ERROR_IO}, {DiskCall::write, TENON_ERROR_NO_SPACE}, {DiskCall::sync, TENON_ERROR_IO},
      {DiskCall::sync, TENON_ERROR_IO},  {DiskCall::sync, TENON_ERROR_NO_SPACE},  {DiskCall::read, TENON_ERROR_IO},
      {DiskCall::names, TENON_ERROR_IO},
  };
  const Choice& choice = random.pick(choices);
  choose(random).fail_next_call(random.between(0, 3) == 0, choice.call, choice.error);
}

void FaultPlan::fill_disk(Stream& random) {
  Machine& machine = choose(random);
  machine.set_disk_full(true);
  events_.after(milliseconds(random.log_between(100, 10'000)), [&machine] { machine.set_disk_full(false); });
}

void FaultPlan::damage_some(Stream& random) {
  Machine& machine = choose(random);
  const auto target = static_cast<DamageTarget>(random.between(0, static_cast<std::uint64_t>(DamageTarget::count) - 1));
  const auto kind = static_cast<DamageKind>(random.between(0, static_cast<std::uint64_t>(DamageKind::count) - 1));
  if (atlas_.may_spoil(machine)) machine.damage(target, kind, random);
}

void FaultPlan::wipe_some(Stream& random) {
  Machine& machine = choose(random);
  if (!atlas_.may_wipe(machine)) return;
  trace_.count("wipes");
  if (machine.is_running()) machine.lose_power({});
  machine.wipe(atlas_.may_be_born_again(machine));
  start_later(machine, milliseconds(random.between(1, 1'000)));
}

void FaultPlan::change_members(Stream& random) {
  Machine* const emptied = members_.act(random);
  if (emptied != nullptr) start_later(*emptied, milliseconds(random.between(1, 1'000)));
}

}  // namespace tenon::sim
