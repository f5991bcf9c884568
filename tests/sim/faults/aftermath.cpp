// SPDX-License-Identifier: MIT
#include "faults/aftermath.hpp"

#include <algorithm>

#include "majority.hpp"

namespace tenon::sim {
namespace {

std::size_t healed_of(const Voters& voters, const std::set<NodeId>& core) {
  return static_cast<std::size_t>(
      std::count_if(voters.begin(), voters.end(), [&](NodeId one) { return core.contains(one); }));
}

}  // namespace

void Aftermath::begin() {
  choose_core();
  network_.heal_for_good();
  for (const auto& machine : machines_) {
    if (!machine->is_core()) continue;
    machine->heal();
    if (!machine->is_running()) machine->start();
  }
  for (const auto& machine : machines_) {
    if (!machine->is_core()) break_for_good(*machine);
  }
  part();
}

void Aftermath::part() {
  std::set<NodeId> core;
  for (const auto& machine : machines_) {
    if (machine->is_core()) core.insert(machine->id());
  }
  const bool all_are_core = possible_ == std::set<Voters>{core};
  if (!all_are_core || core.size() < 3 || random_.coin()) return;
  const std::vector<NodeId> nodes(core.begin(), core.end());
  const auto shape = static_cast<Shape>(random_.between(1, static_cast<std::uint64_t>(Shape::count) - 1));
  sim::partition(network_, shape, nodes, random_.pick(nodes), random_);
  partition_ = {shape, connection_of(network_, nodes)};
}

void Aftermath::heal_links() {
  partition_.reset();
  network_.heal_cuts();
}

bool Aftermath::can_spare(std::set<NodeId> core, NodeId node) const {
  core.erase(node);
  return std::all_of(possible_.begin(), possible_.end(), [&](const Voters& voters) {
    return !voters.contains(node) || healed_of(voters, core) >= majority_of(voters.size());
  });
}

// One that is no voter may catch up by halves and be made one, by which a core that was a majority would be none.
bool Aftermath::must_stay_away(const Machine& machine) const {
  std::set<NodeId> core;
  for (const auto& one : machines_) {
    if (one->is_core()) core.insert(one->id());
  }
  return std::any_of(possible_.begin(), possible_.end(), [&](const Voters& voters) {
    return !voters.contains(machine.id()) && healed_of(voters, core) < majority_of(machines_.size());
  });
}

// Half of the time all that are sound and count, or may come to, else a majority or more.
void Aftermath::choose_core() {
  possible_ = atlas_.possible();
  std::vector<NodeId> candidates;
  std::size_t least = machines_.size();
  for (const Voters& voters : possible_) least = std::min(least, majority_of(voters.size()));
  for (const auto& machine : machines_) {
    const auto counts = [&](const Voters& voters) { return voters.contains(machine->id()); };
    if (is_sound(*machine) && std::any_of(possible_.begin(), possible_.end(), counts)) {
      candidates.push_back(machine->id());
    }
  }
  std::set<NodeId> core(candidates.begin(), candidates.end());
  for (const Voters& voters : possible_) TENON_CHECK(healed_of(voters, core) >= majority_of(voters.size()));
  const std::size_t wanted = random_.coin() ? core.size() : random_.between(least, core.size());
  while (core.size() > wanted && !candidates.empty()) {
    const auto chosen = candidates.begin() + static_cast<std::ptrdiff_t>(random_.between(0, candidates.size() - 1));
    if (can_spare(core, *chosen)) core.erase(*chosen);
    candidates.erase(chosen);
  }
  for (const auto& machine : machines_) {
    if (core.contains(machine->id())) machine->make_core();
  }
}

void Aftermath::break_for_good(Machine& machine) {
  enum Way : std::uint64_t { down, cut_off, hears_only, is_heard_only, stalled, full, crashes, count };
  // One whose disk is not what it was meets the core as little as its operator lets it.
  std::uint64_t way = random_.between(down, machine.is_damaged() ? is_heard_only : count - 1);
  if (must_stay_away(machine)) way %= hears_only;
  constexpr const char* names[] = {"down",          "cut off", "heard by nobody", "hearing nobody", "its disk stalled",
                                   "its disk full", "crashing"};
  trace_.note("stays broken", machine.id().value(), way);
  if (machine.is_lost()) return trace_.count("broken for good: refuses to start");
  trace_.count(std::string("broken for good: ") + (machine.is_stranger() ? "wiped, " : "") + names[way]);
  if (way == down) {
    if (machine.is_running()) machine.kill();
    return;
  }
  if (!machine.is_running()) machine.start();
  if (way == cut_off || way == hears_only || way == is_heard_only) {
    return cut_from_core(machine, way == hears_only, way == is_heard_only);
  }
  if (way == stalled) machine.stall_disk_for_good();
  if (way == full) machine.set_disk_full(true);
  if (way == crashes) crash_again_and_again(machine);
}

void Aftermath::cut_from_core(const Machine& machine, bool hears, bool is_heard) {
  for (const auto& other : machines_) {
    if (!other->is_core()) continue;
    if (!hears) network_.cut(other->id(), machine.id());
    if (!is_heard) network_.cut(machine.id(), other->id());
  }
}

void Aftermath::crash_again_and_again(Machine& machine) {
  events_.after(milliseconds(random_.between(50, 3'000)), [this, &machine] {
    if (machine.is_lost()) return;
    machine.is_running() ? machine.kill() : machine.start();
    crash_again_and_again(machine);
  });
}

}  // namespace tenon::sim
