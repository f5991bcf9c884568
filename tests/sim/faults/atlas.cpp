// SPDX-License-Identifier: MIT
#include "faults/atlas.hpp"

#include <algorithm>

#include "majority.hpp"

namespace tenon::sim {
namespace {

using Kind = node::MemberChangeWanted::Kind;

// A founder that is born again on another directory is no member for it, or it knows which directory is; also when it
// does not run, and is started again.
bool cannot_mistake(const Machine& machine, const Machine& other) {
  const std::shared_ptr<const raft::Membership> sure = machine.sure_membership();
  if (sure == nullptr) return false;
  const raft::Member* member = sure->find(other.id());
  return member == nullptr || member->incarnation != raft::Incarnation{};
}

Voters voters_of(const raft::Membership& membership, bool (*counts)(raft::Standing)) {
  Voters voters;
  for (const raft::Member& member : membership.members) {
    if (counts(member.standing)) voters.insert(member.id);
  }
  return voters;
}

std::pair<NodeId, NodeId> move_of(const node::MemberChangeWanted& wanted) {
  switch (wanted.kind) {
    case Kind::remove:
      return {NodeId(), wanted.node};
    case Kind::replace:
      return {wanted.node, wanted.replaced};
    default:
      return {wanted.node, NodeId()};
  }
}

}  // namespace

bool is_sound(const Machine& machine) { return !machine.is_lost() && !machine.is_stranger() && !machine.is_damaged(); }

void Atlas::begin(raft::Membership born) {
  decided_ = {raft::LogIndex(1), std::make_shared<const raft::Membership>(std::move(born))};
}

void Atlas::saw(const Machine& machine) {
  const raft::Raft& raft = machine.node().raft();
  const auto& known = raft.log().membership_as_of(std::max(raft.commit_index(), raft.log().boundary()));
  if (known.index > decided_.index) decided_ = known;
  committed_ = std::max(committed_, raft.commit_index());
  if (raft.log().membership_index() > committed_) {
    const raft::Log::MembershipAt& newest = raft.log().membership_as_of(raft.log().last_index());
    const auto is_newest = [&](const auto& one) {
      return one.index == newest.index && *one.membership == *newest.membership;
    };
    if (std::none_of(appended_.begin(), appended_.end(), is_newest)) appended_.push_back(newest);
  }
  std::erase_if(appended_, [&](const auto& one) { return one.index <= committed_; });
}

// The decided one first, and all that may yet be: whatever any log has had behind what is committed, for it may be
// under way to others when the leader is gone. What was cut off stays until something else is committed there.
std::vector<raft::Log::MembershipAt> Atlas::open() const {
  std::vector<raft::Log::MembershipAt> all{decided_};
  all.insert(all.end(), appended_.begin(), appended_.end());
  return all;
}

// It is taken in only after an earlier disk of its number was removed, and that is decided.
bool Atlas::is_known(const Machine& machine) const {
  const auto names_it = [&](const raft::Member* member) {
    return member != nullptr && member->incarnation == machine.incarnation();
  };
  if (const raft::Member* member = decided().find(machine.id())) return names_it(member);
  const std::vector<raft::Log::MembershipAt> memberships = open();
  return std::any_of(memberships.begin(), memberships.end(),
                     [&](const auto& one) { return names_it(one.membership->find(machine.id())); });
}

std::vector<Atlas::Move> Atlas::moves_from(const raft::Membership& membership) const {
  std::vector<Move> moves;
  for (const raft::Member& member : membership.members) {
    if (member.standing != raft::Standing::learner || member.takes_place_of == NodeId()) continue;
    moves.emplace_back(member.id, member.takes_place_of == member.id ? NodeId() : member.takes_place_of);
  }
  for (const auto& [request, wanted] : asked_) moves.push_back(move_of(wanted));
  for (const auto& machine : machines_) {
    if (options_.spares_ask && membership.find(machine->id()) == nullptr && machine->is_joining())
      moves.emplace_back(machine->id(), NodeId());
  }
  return moves;
}

std::set<Voters> Atlas::possible() const {
  std::set<Voters> sets;
  for (const auto& [index, membership] : open()) {
    sets.insert(voters_of(*membership, raft::counts_before));
    const Voters base = voters_of(*membership, raft::counts_after);
    const std::vector<Move> moves = moves_from(*membership);
    for (std::uint64_t chosen = 0; chosen < (std::uint64_t{1} << moves.size()); ++chosen) {
      Voters voters = base;
      for (std::size_t i = 0; i < moves.size(); ++i) {
        if ((chosen >> i & 1) == 0) continue;
        if (moves[i].first != NodeId()) voters.insert(moves[i].first);
        voters.erase(moves[i].second);
      }
      if (!voters.empty()) sets.insert(std::move(voters));
    }
  }
  return sets;
}

bool Atlas::may_spoil(const Machine& machine) const {
  if (machine.is_lost() || machine.is_stranger()) return false;
  const std::set<Voters> sets = possible();
  return std::all_of(sets.begin(), sets.end(), [&](const Voters& voters) {
    if (!voters.contains(machine.id())) return true;
    const auto others = std::count_if(voters.begin(), voters.end(), [&](NodeId voter) {
      return voter != machine.id() && is_sound(machine_of(voter));
    });
    return static_cast<std::size_t>(others) >= majority_of(voters.size());
  });
}

bool Atlas::all_others_know(const Machine& machine) const {
  return std::all_of(machines_.begin(), machines_.end(), [&](const auto& one) {
    return one->is_lost() || one->is_stranger() || one->is_fresh() || cannot_mistake(*one, machine);
  });
}

bool Atlas::may_wipe(const Machine& machine) const { return !machine.is_fresh() && may_spoil(machine); }

bool Atlas::may_be_born_again(const Machine& machine) const {
  if (!machine.is_founder() || !all_others_know(machine)) return false;
  const auto born_again = std::count_if(machines_.begin(), machines_.end(),
                                        [](const auto& one) { return one->is_stranger() && one->is_founder(); });
  return static_cast<std::size_t>(born_again) + 1 < majority_of(options_.nodes);
}

bool Atlas::may_ask(const node::MemberChangeWanted& wanted) const {
  Atlas asked(*this);
  asked.asked(~std::uint64_t{0}, wanted);
  const std::set<Voters> sets = asked.possible();
  return std::all_of(sets.begin(), sets.end(), [&](const Voters& voters) {
    const auto sound =
        std::count_if(voters.begin(), voters.end(), [&](NodeId voter) { return is_sound(machine_of(voter)); });
    return static_cast<std::size_t>(sound) >= majority_of(voters.size());
  });
}

bool Atlas::may_recycle(const Machine& machine) const {
  if (machine.is_fresh()) return false;
  // One that has asked by itself may be about to be taken in, by the directory that it has now.
  if (options_.spares_ask && (machine.is_joining() || machine.is_stranger())) return false;
  const auto names_it = [&](const auto& wanted) {
    return wanted.second.node == machine.id() || wanted.second.replaced == machine.id();
  };
  if (std::any_of(asked_.begin(), asked_.end(), names_it)) return false;
  const std::vector<raft::Log::MembershipAt> memberships = open();
  return std::none_of(memberships.begin(), memberships.end(),
                      [&](const auto& one) { return one.membership->find(machine.id()) != nullptr; });
}

}  // namespace tenon::sim
