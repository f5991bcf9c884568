// SPDX-License-Identifier: MIT
#include "faults/early_loss.hpp"

#include <utility>

namespace tenon::sim {
namespace {

constexpr std::int64_t kPatienceTimeouts = 10;  // until the founder is heard again, whatever has become of it

bool has_begun_to_lead(const raft::Raft& raft) {
  return raft.role() == raft::RoleName::leader && raft.commit_index() >= raft.leadership_start();
}

}  // namespace

void EarlyLoss::begin() {
  if (!options_.loses_founder_early || options_.nodes < 3) return;
  stage_ = Stage::unheard;
  lost_ = NodeId(random_.between(1, options_.nodes));
  for (const auto& other : machines_) network_.cut(lost_, other->id());
  events_.after(kPatienceTimeouts * options_.node.raft.election_timeout_max, [this] { release(); });
}

void EarlyLoss::release() {
  if (std::exchange(stage_, Stage::over) != Stage::over) network_.heal_cuts();
}

void EarlyLoss::ran(const Machine& machine) {
  const raft::Raft& raft = machine.node().raft();
  if (stage_ == Stage::unheard) {
    if (machine.id() != lost_ && has_begun_to_lead(raft)) part_leader(machine);
  } else if (stage_ == Stage::parted) {
    if (machine.id() == leader_ || raft.term() <= led_ || !has_begun_to_lead(raft)) return;
    stage_ = Stage::about_to_be_lost;
    events_.after(random_.wait(options_.node.raft.heartbeat_interval), [this] {
      if (stage_ == Stage::about_to_be_lost) lose();
    });
  }
}

void EarlyLoss::part(NodeId one, NodeId other) {
  network_.cut(one, other);
  network_.cut(other, one);
}

void EarlyLoss::part_leader(const Machine& leader) {
  const raft::Raft& raft = leader.node().raft();
  const raft::Member* known = raft.membership().find(lost_);
  if (known == nullptr || known->incarnation != raft::Incarnation{}) return release();
  stage_ = Stage::parted;
  leader_ = leader.id();
  led_ = raft.term();
  network_.heal_cuts();
  for (const auto& other : machines_) {
    if (other->id() != leader_) part(leader_, other->id());
  }
}

void EarlyLoss::lose() {
  Machine& machine = machine_of(lost_);
  if (!atlas_.may_wipe(machine)) return release();
  stage_ = Stage::lost;
  network_.heal_cuts();
  trace_.count("founders that lose their disks early");
  if (machine.is_running()) machine.lose_power({});
  machine.wipe(false);
  plan_.start_later(machine, milliseconds(1));
  for (const auto& other : machines_) {
    if (other->id() == lost_ || other->id() == leader_) continue;
    part(other->id(), lost_);
    part(other->id(), leader_);
  }
  events_.after(2 * options_.node.raft.election_timeout_max, [this] { release(); });
}

}  // namespace tenon::sim
