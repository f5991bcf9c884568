// SPDX-License-Identifier: MIT
#include "checks/leaders.hpp"

#include <algorithm>
#include <string>

namespace tenon::sim {
namespace {

bool leads(const Machine& machine) {
  return machine.is_running() && machine.node().raft().role() == raft::RoleName::leader;
}

std::string text_of(NodeId node) { return "node " + std::to_string(node.value()); }

}  // namespace

const Machine* Leaders::find(NodeId node) const {
  const auto found =
      std::find_if(machines_.begin(), machines_.end(), [&](const auto& one) { return one->id() == node; });
  return found == machines_.end() ? nullptr : found->get();
}

// One that learns late that it was elected may meet the lease of a later leader.
void Leaders::check_leases(const Machine& leader) const {
  for (const auto& other : machines_) {
    if (other.get() == &leader || !leads(*other)) continue;
    const raft::Raft& raft = other->node().raft();
    const std::optional<Instant> lease = raft.lease_end();
    if (raft.term() >= leader.node().raft().term() || !lease || other->now().steady >= *lease) continue;
    throw Violation("lease", text_of(leader.id()) + " begins to lead in term " +
                                 std::to_string(leader.node().raft().term().value()) + " while the lease of " +
                                 text_of(other->id()) + " from term " + std::to_string(raft.term().value()) + " runs");
  }
}

void Leaders::check_matches(const Machine& machine, const Terms& committed) {
  if (!leads(machine)) return;
  const raft::Raft& raft = machine.node().raft();
  Known& known = known_[machine.id()];
  if (known.term != raft.term()) known = {raft.term(), {}};
  for (const raft::PeerStatus& peer : raft.peers()) {
    const raft::Incarnation& incarnation = raft.membership().find(peer.id)->incarnation;
    raft::LogIndex& match = known.matches[{peer.id, incarnation}];
    if (match == peer.match_index) continue;
    match = peer.match_index;
    const Machine* follower = find(peer.id);
    if (match == raft::LogIndex() || follower == nullptr) continue;
    DisksOfNode disks = follower->all_disks();
    if (follower->is_running()) disks.present.term = follower->node().raft().term();
    if (Disks::have_gone_on(disks, incarnation, raft.term())) continue;
    const raft::Term expected =
        match > raft.log().boundary() ? *raft.log().term(match) : committed.at(match.value() - 1);
    if (disks_.hold(disks, incarnation, {match, expected}, Leadership(raft.term(), machine.id()))) continue;
    throw Violation("match", text_of(machine.id()) + " takes the entry " + std::to_string(match.value()) + " of term " +
                                 std::to_string(expected.value()) + " to be on the disk of " + text_of(peer.id) +
                                 ", where it is not");
  }
}

void Leaders::check_acknowledged(const Machine& follower, NodeId leader, const raft::AppendAccepted& accepted) const {
  const Machine* machine = find(leader);
  if (machine == nullptr || !leads(*machine) || machine->node().raft().term() != accepted.term) return;
  const raft::Member* known = machine->node().raft().membership().find(follower.id());
  if (known != nullptr && known->incarnation != follower.incarnation() && !follower.is_founder()) {
    throw Violation("match", text_of(follower.id()) + " has joined, and acknowledges to " + text_of(leader) +
                                 ", which does not know it by its data directory");
  }
  const raft::Log& log = machine->node().raft().log();
  const raft::LogIndex match = accepted.match_index;
  if (match <= log.boundary() || match <= follower.node().raft().log().boundary()) return;
  if (match <= log.last_index() && log.term(match) == follower.node().raft().log().term(match)) return;
  throw Violation("match", text_of(follower.id()) + " acknowledges to " + text_of(leader) + " its entry " +
                               std::to_string(match.value()) + ", which is another than the leader's");
}

}  // namespace tenon::sim
