// SPDX-License-Identifier: MIT
#include "simulation.hpp"

#include <algorithm>

#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kEventsMax = 20'000'000;  // far above what any run needs
constexpr seconds kRestMax(60);                   // from the end of all faults
constexpr seconds kProbeInterval(6);              // a probe that was not done is repeated with a value of its own

raft::Membership members_of(std::size_t nodes) {
  raft::Membership members;
  for (std::size_t i = 1; i <= nodes; ++i) members.members.push_back({NodeId(i)});
  return members;
}

// All keys with their values and revisions, as one number.
std::uint64_t digest_of(const kv::Store& store) {
  std::uint64_t digest = mixed(store.revision(), store.key_count());
  std::string cursor;
  do {
    kv::Command scan;
    scan.operations.push_back({TENON_SCAN, 0, {}, {}, {}, cursor, 100, 1u << 20});
    const kv::Reply reply = store.read(scan);
    for (const kv::Record& record : reply.results.at(0).records) {
      digest = mixed(mixed(mixed(digest, record.key), record.value), record.modified);
    }
    cursor = reply.results.at(0).cursor;
  } while (!cursor.empty());
  return digest;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : options_(seed),
      trace_(events_),
      network_(options_, events_, trace_),
      invariants_(machines_, options_, events_, trace_),
      clients_(options_, events_, machines_, trace_),
      watchers_(options_, events_, machines_, trace_),
      session_clients_(options_, events_, machines_, trace_),
      lease_clients_(options_, events_, machines_, trace_) {
  const raft::Membership members = members_of(options_.nodes);
  for (const raft::Member& member : members.members) {
    machines_.push_back(std::make_unique<Machine>(member.id, members, options_, events_, network_, trace_,
                                                  static_cast<Observer&>(*this)));
  }
}

Simulation::~Simulation() = default;

void Simulation::run() {
  Stream clocks(options_.seed, "clocks at first");
  for (std::size_t i = 0; i < options_.wrong_clocks; ++i) set_clock(clocks);
  for (const auto& machine : machines_) machine->start();
  clients_.start();
  watchers_.start();
  session_clients_.start();
  lease_clients_.start();
  plan_faults();
  events_.run_until(events_.now() + options_.faulty_time);
  heal();
  come_to_rest();
}

void Simulation::answered(Machine& machine, const node::Answer& answer) {
  const NodeId node = machine.id();
  if (answer.token.queue == kWatchQueue) return watchers_.answered(machine, answer);
  if (answer.token.queue == SessionClients::kQueue) return session_clients_.answered(node, answer);
  if (answer.token.queue == LeaseClients::kQueue) return lease_clients_.answered(node, answer);
  clients_.answered(node, answer);
}

void Simulation::ended(NodeId node) {
  clients_.ended(node);
  watchers_.ended(node);
  session_clients_.ended(node);
  lease_clients_.ended(node);
}

void Simulation::ran(Machine& machine) {
  const node::Status status = machine.node().status();
  if (events_.performed() > kEventsMax) throw Violation("wedge", "events follow each other without end");
  trace_.note("runs", machine.id().value(), status.term.value(), status.commit_index.value());
  invariants_.check(machine);
}

void Simulation::started(Machine& machine) {
  invariants_.restarted(machine.id());
  invariants_.check(machine);
}

void Simulation::now_and_then(Duration mean, const char* purpose, std::function<void(Stream&)> what) {
  if (mean == Duration::zero()) return;
  faults_.push_back(std::make_unique<Fault>(Fault{mean, purpose, std::move(what), Stream(options_.seed, purpose)}));
  plan_next(*faults_.back());
}

void Simulation::plan_next(Fault& fault) {
  events_.after(fault.random.wait(fault.mean) + milliseconds(1), [this, &fault] {
    if (is_healed_) return;
    fault.what(fault.random);
    trace_.count(fault.purpose);
    plan_next(fault);
  });
}

void Simulation::plan_faults() {
  now_and_then(options_.partition_mean, "partitions", [this](Stream& random) { partition(random); });
  now_and_then(options_.power_loss_mean, "power losses", [this](Stream& random) { stop_some(random, true); });
  now_and_then(options_.kill_mean, "kills", [this](Stream& random) { stop_some(random, false); });
  now_and_then(options_.pause_mean, "pauses",
               [this](Stream& random) { random.pick(machines_)->pause(milliseconds(random.between(10, 3'000))); });
  now_and_then(options_.clock_jump_mean, "clock jumps", [this](Stream& random) { set_clock(random); });
  now_and_then(options_.transfer_mean, "transfers", [this](Stream& random) {
    Machine& machine = choose(random);
    const NodeId target(random.between(0, machines_.size()));
    if (machine.is_running()) machine.transfer_leadership(target);
  });
}

// A clock that may be wrong is somewhat off, or by years, or right for a while.
void Simulation::set_clock(Stream& random) {
  if (options_.wrong_clocks == 0) return;
  constexpr std::uint64_t years_ms = 5ull * 365 * 24 * 3600 * 1000;
  enum Kind : std::uint64_t { right, seconds_off, years_off };
  const std::uint64_t kind = random.between(right, years_off);
  const std::uint64_t off_ms = kind == right ? 0 : random.between(1, kind == seconds_off ? 20'000 : years_ms);
  const milliseconds off(off_ms);
  machines_[random.between(0, options_.wrong_clocks - 1)]->set_wall_clock(random.coin() ? off : -off);
}

// One node alone, two halves, one direction of one link, or any links at all.
void Simulation::partition(Stream& random) {
  network_.heal_cuts();
  enum Shape : std::uint64_t { healed, isolated, halves, one_way, any };
  const std::uint64_t shape = random.between(healed, any);
  const NodeId chosen = choose(random).id();
  std::map<NodeId, bool> side;
  for (const auto& machine : machines_) side[machine->id()] = random.coin();
  for (const auto& from : machines_) {
    for (const auto& to : machines_) {
      const bool is_cut = shape == isolated  ? (from->id() == chosen) != (to->id() == chosen)
                          : shape == halves  ? side[from->id()] != side[to->id()]
                          : shape == one_way ? from->id() == chosen && side[to->id()]
                          : shape == any     ? random.between(0, 2) == 0
                                             : false;
      if (from != to && is_cut) network_.cut(from->id(), to->id());
    }
  }
}

// Any node, but often one that leads: there most is at stake.
Machine& Simulation::choose(Stream& random) {
  Machine* chosen = random.pick(machines_).get();
  const bool wants_leader = random.coin();
  for (const auto& machine : machines_) {
    const bool leads = machine->is_running() && machine->node().raft().role() == raft::RoleName::leader;
    if (wants_leader && leads) chosen = machine.get();
  }
  return *chosen;
}

// One node, or several, or all at once; each starts again some time later.
void Simulation::stop_some(Stream& random, bool power) {
  const std::uint64_t kind = random.between(0, 9);
  Machine& chosen = choose(random);
  for (const auto& machine : machines_) {
    const bool is_meant = kind == 0 || (kind < 3 && random.coin()) || (kind >= 3 && machine.get() == &chosen);
    if (!is_meant || !machine->is_running()) continue;
    power ? machine->lose_power() : machine->kill();
    events_.after(milliseconds(random.between(1, random.coin() ? 100 : 3'000)), [one = machine.get()] {
      if (!one->is_running()) one->start();
    });
  }
}

void Simulation::heal() {
  trace_.note("heals", 0);
  is_healed_ = true;
  network_.heal_for_good();
  watchers_.heal();
  for (const auto& machine : machines_) {
    machine->heal();
    if (!machine->is_running()) machine->start();
    machine->pause(Duration::zero());
  }
}

// With everything healed the cluster must elect, commit what is new through every node, and be the same everywhere.
void Simulation::come_to_rest() {
  const Instant end = events_.now() + kRestMax;
  clients_.stop();
  session_clients_.stop();
  lease_clients_.stop();
  std::vector<std::uint64_t> probes(machines_.size(), 0);
  Instant probed{};
  // A cluster at rest may have no event of its own for long, and a probe that was refused must be repeated.
  for (seconds later(1); later < kRestMax; ++later) events_.after(later, [] {});
  const bool committed = events_.run_until(end, [&] {
    const bool try_again = events_.now() - probed > kProbeInterval;
    bool all = true;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      if (probes[i] != 0 && clients_.is_done(probes[i])) continue;
      all = false;
      if (try_again) probes[i] = clients_.probe(*machines_[i]);
    }
    if (try_again) probed = events_.now();
    return all;
  });
  if (!committed) throw Violation("liveness", "after all faults were healed not every node could write");
  const auto is_at_rest = [&] {
    const bool are_idle = clients_.is_idle() && session_clients_.is_idle() && lease_clients_.is_idle();
    return are_idle && std::all_of(machines_.begin(), machines_.end(), [&](const auto& machine) {
             const node::Status status = machine->node().status();
             return status.applied_index == invariants_.committed() && status.last_index == status.applied_index &&
                    status.inbox_bytes == 0;
           });
  };
  if (!events_.run_until(end, is_at_rest))
    throw Violation("liveness", "after all faults were healed not every node has applied all");
  // Still at rest: keys that expire meanwhile go on some nodes before they go on others.
  const bool watched = events_.run_until(
      end, [&] { return is_at_rest() && watchers_.have_reached(machines_.front()->node().store().revision()); });
  if (!watched) throw Violation("liveness", "after all faults were healed not every watch has seen all changes");
  watchers_.check_final(clients_.shown());
  check_stores();
}

void Simulation::check_stores() const {
  invariants_.check_final();
  for (const auto& machine : machines_) {
    clients_.check_final(machine->node().store());
    if (digest_of(machine->node().store()) != digest_of(machines_.front()->node().store())) {
      throw Violation("state", "nodes that have applied the same have another state");
    }
  }
}

}  // namespace tenon::sim
