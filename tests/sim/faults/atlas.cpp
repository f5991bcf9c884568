// SPDX-License-Identifier: MIT
#include "faults/atlas.hpp"

#include <algorithm>

#include "raft/quorum.hpp"

namespace tenon::sim {
namespace {

bool knows(const Machine& machine, const Machine& other) {
  if (!machine.is_running()) return false;
  const node::Status status = machine.node().status();
  const raft::LogIndex said_at = machine.node().raft().log().membership_index();
  if (said_at > status.durable_index || said_at > status.applied_index) return false;
  return std::any_of(
      status.membership.members.begin(), status.membership.members.end(),
      [&](const raft::Member& member) { return member.id == other.id() && member.incarnation != raft::Incarnation{}; });
}

}  // namespace

bool is_sound(const Machine& machine) { return !machine.is_lost() && !machine.is_stranger() && !machine.is_damaged(); }

bool may_spoil(const Machines& machines, const Machine& machine) {
  if (machine.is_lost() || machine.is_stranger()) return false;
  const auto others = std::count_if(machines.begin(), machines.end(),
                                    [&](const auto& one) { return one.get() != &machine && is_sound(*one); });
  return static_cast<std::size_t>(others) >= raft::majority(machines.size());
}

bool may_wipe(const Machines& machines, const Machine& machine) {
  return may_spoil(machines, machine) && std::all_of(machines.begin(), machines.end(), [&](const auto& one) {
           return one->is_lost() || one->is_stranger() || knows(*one, machine);
         });
}

}  // namespace tenon::sim
