// SPDX-License-Identifier: MIT
#include "simulation.hpp"

#include <algorithm>

#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kEventsMax = 20'000'000;  // far above what any run needs
constexpr seconds kRestMax(90);                   // from when the quorum was healed
constexpr seconds kApartMax(40);                  // in a partition that lasts
constexpr seconds kTurnsMax(120);                 // for all that count to lead, one after the other
constexpr seconds kExpiryMax(30);                 // for all keys and sessions to go, each of which has 10 at most
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

Simulation::Simulation(const Options& options)
    : options_(options),
      trace_(events_),
      network_(options_, events_, trace_),
      atlas_(options_, machines_),
      invariants_(machines_, options_, events_, trace_),
      clients_(options_, events_, machines_, trace_),
      watchers_(options_, events_, machines_, trace_),
      session_clients_(options_, events_, machines_, trace_),
      lease_clients_(options_, events_, machines_, trace_),
      register_clients_(options_, events_, machines_, trace_),
      rival_clients_(options_, events_, machines_, trace_),
      plan_(options_, events_, trace_, network_, machines_, atlas_),
      rivals_(options_, events_, trace_, network_, machines_, plan_, rival_clients_),
      ambushes_(options_, events_, trace_, network_, plan_),
      early_loss_(options_, events_, trace_, network_, machines_, atlas_, plan_),
      aftermath_(options_, events_, trace_, network_, machines_, atlas_) {
  invariants_.exempt(SessionClients::kQueue);
  const raft::Membership members = members_of(options_.nodes);
  atlas_.begin(members);
  for (std::uint64_t id = 1; id <= options_.nodes + options_.spares; ++id) {
    machines_.push_back(std::make_unique<Machine>(NodeId(id), members, options_, events_, network_, trace_,
                                                  static_cast<Observer&>(*this)));
  }
}

Simulation::~Simulation() = default;

std::uint64_t Simulation::digest() const noexcept {
  std::uint64_t digest = mixed(events_.digest(), trace_.digest());
  for (const auto& [what, times] : trace_.counts()) digest = mixed(mixed(digest, what), times);
  return digest;
}

std::string Simulation::members_text() const {
  constexpr const char* standings[] = {"", "?", "", "+", "-"};  // learner, voter, incoming, outgoing
  std::string text;
  for (const auto& machine : machines_) {
    if (options_.spares == 0) break;
    text += "node " + std::to_string(machine->id().value()) + (machine->is_running() ? "" : ", down") +
            (machine->is_core() ? ", healed" : "") + (is_sound(*machine) ? "" : ", its disk lost") + ":";
    if (machine->is_running()) {
      const node::Status status = machine->node().status();
      text += " log to " + std::to_string(status.last_index.value()) + " of term " +
              std::to_string(status.last_term.value()) + ", committed to " +
              std::to_string(status.commit_index.value()) + ", members";
    }
    for (const auto& [index, membership] : machine->memberships()) {
      text += " at " + std::to_string(index.value()) + ":";
      for (const raft::Member& member : membership->members) {
        const bool is_old = member.incarnation != raft::Incarnation{} &&
                            member.incarnation != machines_.at(member.id.value() - 1)->incarnation();
        text += " " + std::to_string(member.id.value()) + standings[static_cast<std::size_t>(member.standing)] +
                (is_old ? "(lost)" : "");
      }
    }
    text += "\n";
  }
  return text;
}

void Simulation::run() {
  for (const auto& machine : machines_) machine->start();
  clients_.start();
  watchers_.start();
  session_clients_.start();
  lease_clients_.start();
  register_clients_.start();
  plan_.begin();
  rivals_.begin();
  early_loss_.begin();
  events_.run_until(events_.now() + options_.faulty_time);
  heal();
  if (aftermath_.partition()) live_apart();
  come_to_rest();
}

void Simulation::answered(Machine& machine, const node::Answer& answer) {
  const NodeId node = machine.id();
  invariants_.answered(machine, answer);
  if (answer.token.queue == kWatchQueue) return watchers_.answered(machine, answer);
  if (answer.token.queue == SessionClients::kQueue) return session_clients_.answered(node, answer);
  if (answer.token.queue == LeaseClients::kQueue) return lease_clients_.answered(node, answer);
  if (answer.token.queue == RivalClients::kQueue) return rival_clients_.answered(node, answer);
  if (answer.token.queue == RegisterClients::kQueue) return register_clients_.answered(node, answer);
  clients_.answered(node, answer);
}

void Simulation::ended(NodeId node) {
  known_.erase(node);
  plan_.ended(node);
  clients_.ended(node);
  watchers_.ended(node);
  session_clients_.ended(node);
  lease_clients_.ended(node);
  register_clients_.ended(node);
  rival_clients_.ended(node);
}

void Simulation::ran(Machine& machine) {
  const raft::Raft& raft = machine.node().raft();
  if (events_.performed() > kEventsMax) throw Violation("wedge", "events follow each other without end");
  trace_.note("runs", machine.id().value(), raft.term().value(), raft.commit_index().value());
  note_reached(machine);
  atlas_.saw(machine);
  take_in();
  invariants_.check(machine);
  rivals_.ran(machine);
  ambushes_.ran(machine);
  early_loss_.ran(machine);
}

// Whoever has lost its disk is a member like any other when the cluster knows it by the new one.
void Simulation::take_in() {
  for (const auto& machine : machines_) {
    if (!machine->is_stranger() || machine->incarnation() == raft::Incarnation{}) continue;
    if (!atlas_.is_known(*machine)) continue;
    machine->is_taken_in();
    trace_.count("reached: a node that lost its disk is taken in again");
  }
}

// States that are worth reaching: a campaign that never does proves little about them.
void Simulation::note_reached(Machine& machine) {
  const raft::Raft& raft = machine.node().raft();
  Known& known = known_[machine.id()];
  const raft::LogIndex membership_index = raft.log().membership_index();
  if (membership_index < known.membership_index) trace_.count("reached: an entry with a membership is truncated");
  known.membership_index = membership_index;
  const bool leads = raft.role() == raft::RoleName::leader;
  if (std::exchange(known.leads, leads) == leads || !leads) return;
  if (raft.leadership_start() > raft.commit_index().next()) {
    trace_.count("reached: a leader begins with entries of earlier terms to commit");
  }
  const auto leaders = std::count_if(known_.begin(), known_.end(), [](const auto& one) { return one.second.leads; });
  if (leaders < 2) return;
  trace_.count("reached: two nodes lead at once, in different terms");
  rival_clients_.two_lead(machine);
}

void Simulation::started(Machine& machine) {
  invariants_.restarted(machine.id());
  invariants_.check(machine);
}

void Simulation::heal() {
  trace_.note("heals", 0);
  plan_.end();
  rivals_.end();
  ambushes_.end();
  early_loss_.end();
  aftermath_.begin();
  watchers_.heal();
}

std::vector<Machine*> Simulation::core() const {
  std::vector<Machine*> core;
  for (const auto& machine : machines_) {
    if (machine->is_core() && atlas_.decided().find(machine->id()) != nullptr) core.push_back(machine.get());
  }
  return core;
}

// In a partition that lasts somebody must be able to write, unless no majority hears each other. Where clients ask for
// more than there is room for, every probe may be refused; then it is one of them who must have written, and have begun
// when half of the time was over.
void Simulation::live_apart() {
  const auto [shape, connection] = *aftermath_.partition();
  const Instant end = events_.now() + kApartMax;
  std::vector<std::uint64_t> probes;
  Instant probed{};
  for (seconds later(1); later < kApartMax; ++later) events_.after(later, [] {});
  const bool was_probed = events_.run_until(end, [&] {
    if (std::any_of(probes.begin(), probes.end(), [&](std::uint64_t probe) { return clients_.is_done(probe); })) {
      return true;
    }
    if (events_.now() - probed > kProbeInterval) {
      for (Machine* machine : core()) probes.push_back(clients_.probe(*machine));
      probed = events_.now();
    }
    return false;
  });
  const bool committed = was_probed || clients_.last_written() > probes.at(probes.size() / 2);
  const std::string what = std::string(name_of(shape)) + ", where " + name_of(connection);
  trace_.count("apart for good: " + what + (committed ? ": available" : ": unavailable"));
  if (!committed && connection == Connection::clique) {
    throw Violation("liveness", "nobody could write in a partition that lasts: " + what);
  }
  aftermath_.heal_links();
}

// With a quorum healed it must elect, commit what is new through each of its nodes, and be the same on all of them.
void Simulation::come_to_rest() {
  const Instant end = events_.now() + kRestMax;
  clients_.stop();
  session_clients_.stop();
  lease_clients_.stop();
  register_clients_.stop();
  rival_clients_.stop();
  // A cluster at rest may have no event of its own for long, and a probe that was refused must be repeated.
  for (seconds later(1); later < kRestMax; ++later) events_.after(later, [] {});
  std::map<NodeId, std::uint64_t> probes;
  Instant probed{};
  const bool committed = events_.run_until(end, [&] {
    const bool try_again = events_.now() - probed > kProbeInterval;
    bool all = true;
    for (Machine* machine : core()) {
      std::uint64_t& probe = probes[machine->id()];
      if (probe != 0 && clients_.is_done(probe)) continue;
      all = false;
      if (try_again) probe = clients_.probe(*machine);
    }
    if (try_again) probed = events_.now();
    return all;
  });
  if (!committed) throw Violation("liveness", "not every node of the quorum that was healed could write");
  if (!events_.run_until(end, [&] { return is_at_rest(); })) {
    throw Violation("liveness", atlas_.decided().is_joint()
                                    ? "a change of members is left half made after a quorum was healed"
                                    : "not every node of the quorum that was healed has applied all");
  }
  expire_all();
  lead_in_turn();
  // Still at rest: keys that expire meanwhile go on some nodes before they go on others.
  const bool watched = events_.run_until(events_.now() + kRestMax, [&] {
    return is_at_rest() && watchers_.have_reached(core().front()->node().store().revision());
  });
  if (!watched) throw Violation("liveness", "not every watch has seen all changes after a quorum was healed");
  watchers_.check_final(clients_.shown());
  register_clients_.check_final(core().front()->node().store());
  check_stores();
}

// Whoever counts can be made to lead, and to take writes: nothing that it keeps of what it has been through may hold it
// up.
void Simulation::lead_in_turn() {
  const Instant end = events_.now() + kTurnsMax;
  for (seconds later(1); later < kTurnsMax; ++later) events_.after(later, [] {});
  for (Machine* heir : core()) {
    // A member that was on its way may take its place meanwhile.
    const auto counts = [&] {
      const raft::Member* member = atlas_.decided().find(heir->id());
      return member != nullptr && raft::counts_after(member->standing);
    };
    Instant tried{};
    std::uint64_t probe = 0;
    raft::Term probed{};  // when it last led
    const bool took_over = events_.run_until(end, [&] {
      if (!counts()) return true;
      if (probe != 0 && clients_.is_done(probe)) return true;
      const raft::Raft& raft = heir->node().raft();
      const bool leads = raft.role() == raft::RoleName::leader;
      // Where a round takes as long as an election timeout nobody leads for long.
      const bool begins = leads && raft.term() != probed;
      if (!begins && tried != Instant() && events_.now() - tried <= kProbeInterval) return false;
      tried = events_.now();
      if (leads) {
        probed = raft.term();
        probe = clients_.probe(*heir);
      }
      // Who leads may be one that was left broken, and works well enough.
      for (const auto& machine : machines_) {
        const bool is_leader = machine->is_running() && machine->node().raft().role() == raft::RoleName::leader;
        if (!leads && is_leader) machine->transfer_leadership(heir->id());
      }
      return false;
    });
    if (!took_over) {
      throw Violation("liveness", "node " + std::to_string(heir->id().value()) +
                                      " counts, and cannot be made to lead and to take a write");
    }
    if (counts()) trace_.count("leads in turn");
  }
}

// Nobody writes any more, and whatever was given a time goes all the same when it is over.
void Simulation::expire_all() {
  const Instant end = events_.now() + kExpiryMax;
  for (seconds later(1); later <= kExpiryMax; ++later) events_.after(later, [] {});
  const auto keeps_some = [](const Machine* machine) { return machine->node().store().next_expiry_ms().has_value(); };
  const bool is_gone = events_.run_until(end, [&] {
    const std::vector<Machine*> nodes = core();
    return std::none_of(nodes.begin(), nodes.end(), keeps_some);
  });
  if (!is_gone) throw Violation("liveness", "keys or sessions outlive their time while nobody writes");
}

// No change of members is half made, no client waits, and all nodes have applied all that is committed. What was read
// of a log for a peer that was behind was answered.
bool Simulation::is_at_rest() const {
  if (atlas_.decided().is_joint()) return false;
  const bool are_idle = clients_.is_idle() && session_clients_.is_idle() && lease_clients_.is_idle() &&
                        register_clients_.is_idle() && rival_clients_.is_idle();
  const std::vector<Machine*> nodes = core();
  return are_idle && std::all_of(nodes.begin(), nodes.end(), [&](const Machine* machine) {
           const node::Status status = machine->node().status();
           return status.applied_index == invariants_.committed() && status.last_index == status.applied_index &&
                  status.inbox_bytes == 0 && machine->node().raft().log_reads() == 0;
         });
}

void Simulation::check_stores() const {
  const std::vector<Machine*> nodes = core();
  for (const Machine* machine : nodes) {
    invariants_.check_final(*machine);
    clients_.check_final(machine->node().store());
    if (digest_of(machine->node().store()) != digest_of(nodes.front()->node().store())) {
      throw Violation("state", "nodes that have applied the same have another state");
    }
  }
}

}  // namespace tenon::sim
