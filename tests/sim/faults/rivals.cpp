// SPDX-License-Identifier: MIT
#include "faults/rivals.hpp"

#include "majority.hpp"

namespace tenon::sim {

void Rivals::begin() {
  if (options_.rivals_mean > Duration::zero() && machines_.size() > 2) plan_play();
}

void Rivals::plan_play() {
  events_.after(random_.wait(options_.rivals_mean) + milliseconds(1), [this] {
    if (!is_over_) play(random_.between(1, 6));
  });
}

void Rivals::play(std::uint64_t acts) {
  awaited_.reset();
  if (is_over_) return;
  network_.heal_cuts();
  Machine* leader = newest_leader();
  if (acts == 0 || leader == nullptr) return plan_play();
  trace_.count("rivals");
  trace_.note("meets its rivals", leader->id().value(), acts);
  const raft::Term term = leader->node().raft().term();
  enum Way : std::uint64_t { parted, answered_late, candidate_hidden, handover_unheard, parted_too };
  switch (random_.between(parted, parted_too)) {
    case answered_late:
      answer_late(*leader);
      break;
    case candidate_hidden:
      hide_candidate(*leader);
      break;
    case handover_unheard:
      hand_over_unheard(*leader);
      break;
    default:
      part(*leader);
  }
  awaited_ = {term, random_.coin(), acts - 1};
  const Duration patience = 3 * options_.node.raft.election_timeout_max;
  events_.after(patience, [this, act = ++act_, acts] {
    if (act == act_) play(acts - 1);
  });
}

void Rivals::ran(const Machine& machine) {
  if (!awaited_) return;
  const raft::Raft& raft = machine.node().raft();
  if (raft.role() != raft::RoleName::leader || raft.term() <= awaited_->after) return;
  if (awaited_->must_commit && raft.commit_index() < raft.leadership_start()) return;
  trace_.count("rivals who came to lead");
  const raft::Settings& settings = options_.node.raft;
  // Some leave those that were parted time to ask each other for votes.
  const Duration waits[] = {milliseconds(1), settings.heartbeat_interval, settings.election_timeout_min,
                            2 * settings.election_timeout_max};
  events_.after(random_.wait(random_.pick(waits)), [this, act = ++act_, acts = awaited_->acts_left] {
    if (act == act_) play(acts);
  });
  awaited_.reset();
}

// With less than half of the others, who go on hearing it alone.
void Rivals::part(Machine& leader) {
  std::set<NodeId> camp{leader.id()};
  for (const auto& other : machines_) {
    if (camp.size() + 1 < majority_of(machines_.size()) && random_.coin()) camp.insert(other->id());
  }
  if (random_.coin()) clients_.crowd(leader, random_.between(1, 60));
  const bool comes_late = random_.coin();
  const Duration lasts = about_an_election();
  for (const auto& one : machines_) {
    for (const auto& other : machines_) {
      if (camp.contains(one->id()) == camp.contains(other->id())) continue;
      comes_late ? network_.clog(one->id(), other->id(), lasts) : network_.cut(one->id(), other->id());
    }
    if (!camp.contains(one->id())) continue;
    network_.echo(one->id(), leader.id(), lasts);
    if (random_.coin()) harm(*one);
  }
}

// It is heard no more, and what the others have answered comes when they may have elected another.
void Rivals::answer_late(const Machine& leader) {
  const Duration lasts = about_an_election();
  for (const auto& other : machines_) {
    if (other->id() == leader.id()) continue;
    network_.cut(leader.id(), other->id());
    network_.clog(other->id(), leader.id(), lasts);
  }
}

// One does not hear of the leader, whom all others hear. Perhaps these restart when it has asked them for a while, and
// have forgotten whom they heard. It could be elected when there was nothing to write meanwhile.
void Rivals::hide_candidate(Machine& leader) {
  Machine& candidate = *random_.pick(machines_);
  if (&candidate == &leader) return;
  const bool is_hushed = hushes_.chance(options_.hush_per_million);
  if (is_hushed) {
    for (const auto& machine : machines_) machine->hold_writes(4 * options_.node.raft.election_timeout_max);
    // What has been written by now it gets, and the rest late.
    network_.clog(leader.id(), candidate.id(), 2 * options_.node.raft.election_timeout_max);
  } else {
    network_.cut(leader.id(), candidate.id());
  }
  network_.cut(candidate.id(), leader.id());
  if (random_.coin()) return;
  events_.after(about_an_election(), [this, act = act_ + 1, &leader, &candidate] {
    if (is_over_ || act != act_) return;
    for (const auto& other : machines_) {
      if (other.get() == &leader) continue;
      network_.cut(leader.id(), other->id());
      network_.cut(other->id(), leader.id());
      if (other.get() != &candidate) restart(*other, milliseconds(5));
    }
  });
}

void Rivals::hand_over_unheard(Machine& leader) {
  leader.transfer_leadership(NodeId());
  const Duration lasts = about_an_election();
  for (const auto& other : machines_) {
    if (other->id() != leader.id()) network_.clog(other->id(), leader.id(), lasts);
  }
}

// It restarts, with what it has appended, or is slow to make that durable.
void Rivals::harm(Machine& machine) {
  if (random_.coin()) {
    const auto times = static_cast<std::int64_t>(random_.log_between(4, 200));
    machine.slow_disk(about_an_election(), times);
  } else {
    events_.after(about_an_election(), [this, &machine] {
      if (!is_over_) restart(machine, milliseconds(100));
    });
  }
}

void Rivals::restart(Machine& machine, milliseconds down_max) {
  if (!machine.is_running()) return;
  machine.kill();
  plan_.start_later(machine, milliseconds(random_.between(1, static_cast<std::uint64_t>(down_max.count()))));
}

// From the shortest in which another may be elected to somewhat above the longest.
Duration Rivals::about_an_election() {
  const raft::Settings& settings = options_.node.raft;
  const auto low = static_cast<std::uint64_t>(settings.election_timeout_min.count());
  const auto high = static_cast<std::uint64_t>(settings.election_timeout_max.count());
  return Duration(static_cast<std::int64_t>(random_.between(low, high + high / 4)));
}

Machine* Rivals::newest_leader() const {
  Machine* newest = nullptr;
  for (const auto& machine : machines_) {
    if (!machine->is_running() || machine->node().raft().role() != raft::RoleName::leader) continue;
    if (newest == nullptr || machine->node().raft().term() > newest->node().raft().term()) newest = machine.get();
  }
  return newest;
}

}  // namespace tenon::sim
