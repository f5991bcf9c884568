// SPDX-License-Identifier: MIT
#include "faults/ambushes.hpp"

namespace tenon::sim {

void Ambushes::ran(Machine& machine) {
  if (is_over_) return;
  if (options_.silence_per_million > 0) silence(machine);
  if (options_.loss_in_write_per_million > 0) watch_writes(machine);
  if (options_.worker_stall_per_million > 0) overtake_image(machine);
}

// What it asks the others is lost, and not late: by then it is ahead, and they follow whom they followed.
void Ambushes::silence(const Machine& candidate) {
  const raft::Raft& raft = candidate.node().raft();
  const bool stands = raft.role() == raft::RoleName::candidate && raft.hard_state().voted_for == candidate.id();
  if (!stands || std::exchange(stood_in_[candidate.id()], raft.term()) == raft.term()) return;
  if (!random_.chance(options_.silence_per_million)) return;
  trace_.count("silenced candidates");
  trace_.note("is silenced", candidate.id().value());
  network_.silence(candidate.id(), random_.wait(options_.node.raft.election_timeout_max));
}

void Ambushes::watch_writes(Machine& machine) {
  if (!machine.is_writing()) return;
  if (std::exchange(watched_in_[machine.id()], machine.life()) == machine.life()) return;
  // In its first write, soon, or after a while.
  const Duration soon = losses_.coin() ? Duration() : options_.sync_mean * 10;
  const bool is_soon = losses_.chance(options_.loss_in_write_per_million);
  strike(machine, machine.life(), losses_.wait(is_soon ? soon : seconds(4)));
}

// After a while, so that now and then all of the image has come, and is being looked at once more.
void Ambushes::overtake_image(Machine& receiver) {
  if (!receiver.node().status().images.is_being_received) {
    patience_.erase(receiver.id());
    return;
  }
  const auto place = patience_.find(receiver.id());
  if (place == patience_.end()) {
    patience_[receiver.id()] = overtakings_.coin() ? overtakings_.log_between(2, 64) : 0;
    return;
  }
  if (place->second == 0 || --place->second > 0) return;
  const NodeId leader = receiver.node().raft().leader();
  if (leader == NodeId() || leader == receiver.id()) return;
  trace_.note("is to be overtaken by its log", receiver.id().value());
  const Duration election = options_.node.raft.election_timeout_max;
  receiver.stall_work(election * static_cast<std::int64_t>(overtakings_.between(3, 6)));
  network_.silence(leader, election * static_cast<std::int64_t>(overtakings_.between(2, 4)));
}

void Ambushes::strike(Machine& machine, std::uint64_t life, Duration wait) {
  events_.after(wait, [this, &machine, life] {
    if (is_over_ || !machine.is_running() || machine.life() != life) return;
    if (!machine.is_writing()) return strike(machine, life, milliseconds(1));
    machine.lose_power_in_write(plan_.power_loss(losses_));
  });
}

}  // namespace tenon::sim
