// SPDX-License-Identifier: MIT
#include "faults/aftermath.hpp"

#include <algorithm>

#include "majority.hpp"

namespace tenon::sim {

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
  const bool all_are_core =
      std::all_of(machines_.begin(), machines_.end(), [](const auto& machine) { return machine->is_core(); });
  if (!all_are_core || machines_.size() < 3 || random_.coin()) return;
  std::vector<NodeId> nodes;
  for (const auto& machine : machines_) nodes.push_back(machine->id());
  const auto shape = static_cast<Shape>(random_.between(1, static_cast<std::uint64_t>(Shape::count) - 1));
  sim::partition(network_, shape, nodes, random_.pick(nodes), random_);
  partition_ = {shape, connection_of(network_, nodes)};
}

void Aftermath::heal_links() {
  partition_.reset();
  network_.heal_cuts();
}

// Half of the time all that are sound, else a majority or more.
void Aftermath::choose_core() {
  std::vector<Machine*> sound;
  for (const auto& machine : machines_) {
    if (is_sound(*machine)) sound.push_back(machine.get());
  }
  const std::size_t majority = majority_of(machines_.size());
  TENON_CHECK(sound.size() >= majority);
  std::size_t wanted = random_.coin() ? sound.size() : random_.between(majority, sound.size());
  while (sound.size() > wanted)
    sound.erase(sound.begin() + static_cast<std::ptrdiff_t>(random_.between(0, sound.size() - 1)));
  for (Machine* machine : sound) machine->make_core();
}

void Aftermath::break_for_good(Machine& machine) {
  enum Way : std::uint64_t { down, cut_off, hears_only, is_heard_only, stalled, full, crashes, count };
  // One whose disk is not what it was meets the core as little as its operator lets it.
  const std::uint64_t way = random_.between(down, machine.is_damaged() ? is_heard_only : count - 1);
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
