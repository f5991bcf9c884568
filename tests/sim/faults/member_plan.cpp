// SPDX-License-Identifier: MIT
#include "faults/member_plan.hpp"

#include <algorithm>
#include <string>

#include "tenon/client_api.h"

namespace tenon::sim {
namespace {

using Kind = node::MemberChangeWanted::Kind;

constexpr std::uint64_t kOperatorQueue = 6;
constexpr std::size_t kVotersMax = 7;
constexpr std::uint64_t kWrong = 1;          // of twenty addresses
constexpr std::uint64_t kWrongOfAsking = 8;  // where nodes ask by themselves
// 3 -> 5 -> 4 -> 3, from wherever it began.
constexpr std::size_t kWalk[] = {3, 5, 4, 3};

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::promote:
      return "promote";
    case Kind::remove:
      return "remove";
    case Kind::replace:
      return "replace";
    default:
      return "add";
  }
}

}  // namespace

Machine* MemberPlan::act(Stream& random) {
  if (random.between(0, 2) == 0) {
    if (Machine* emptied = recycle(random)) return emptied;
  }
  std::vector<Machine*> leaders;  // more than one when some have not heard of their successor
  for (const auto& machine : machines_) {
    if (machine->is_running() && machine->node().raft().role() == raft::RoleName::leader)
      leaders.push_back(machine.get());
  }
  // One change after the other, but sometimes one more.
  if (leaders.empty() || (!asked_.empty() && random.between(0, 9) != 0)) return nullptr;
  Machine& leader = *random.pick(leaders);
  if (const std::optional<Wanted> wanted = choose(leader.node().raft().membership(), random)) {
    if (atlas_.may_ask(*wanted)) ask(leader, *wanted, random);
  }
  return nullptr;
}

Machine* MemberPlan::recycle(Stream& random) {
  std::vector<Machine*> gone;
  for (const auto& machine : machines_) {
    if (atlas_.may_recycle(*machine)) gone.push_back(machine.get());
  }
  if (gone.empty()) return nullptr;
  Machine* const chosen = random.pick(gone);
  if (chosen->is_running()) chosen->kill();
  chosen->recycle();
  return chosen;
}

void MemberPlan::ask(Machine& leader, Wanted wanted, Stream& random) {
  const std::uint64_t request = ++last_request_;
  const bool brings_a_node = wanted.kind == Kind::add || wanted.kind == Kind::replace;
  if (brings_a_node) {
    // One that asks by itself may come while it is looked for elsewhere.
    const bool is_wrong = random.between(0, 19) < (options_.spares_ask ? kWrongOfAsking : kWrong);
    wanted.addresses = {Network::address_of(is_wrong ? leader.id() : wanted.node)};
  } else {
    wanted.is_forced = random.between(0, 9) == 0;
  }
  trace_.note("is asked to change the members", leader.id().value(), static_cast<std::uint64_t>(wanted.kind),
              wanted.node.value());
  trace_.count("member changes");
  trace_.count(std::string("member changes: ") + name_of(wanted.kind));
  asked_.emplace(request, Asked{leader.id(), wanted});
  atlas_.asked(request, wanted);
  leader.ask({{kOperatorQueue, request}, std::move(wanted)});
}

void MemberPlan::answered(const Machine& machine, const node::OperatorAnswer& answer) {
  const std::uint64_t request = answer.token.request;
  const auto found = asked_.find(request);
  if (found == asked_.end() || found->second.leader != machine.id()) {
    throw Violation("answers", "a change of members was answered twice, or by another node than was asked");
  }
  const std::string kind = name_of(found->second.wanted.kind);
  if (std::holds_alternative<node::MemberChangeDone>(answer.what)) {
    check_decided(machine, found->second.wanted);
    trace_.note("has changed the members", machine.id().value(), request);
    trace_.count("members: " + kind + " done");
  } else {
    const auto& refusal = std::get<node::OperatorRefusal>(answer.what);
    const char* const fate = refusal.outcome == node::Outcome::unknown ? " unknown" : " refused";
    trace_.note("does not change the members", machine.id().value(), request);
    trace_.count("members: " + kind + fate);
  }
  settle(request);
}

void MemberPlan::check_decided(const Machine& machine, const Wanted& wanted) {
  const raft::Raft& raft = machine.node().raft();
  const raft::Membership& decided = *raft.log().membership_as_of(raft.commit_index()).membership;
  const raft::Member* member = decided.find(wanted.node);
  const bool is_made = wanted.kind == Kind::remove    ? member == nullptr
                       : wanted.kind == Kind::promote ? member != nullptr && member->standing == raft::Standing::voter
                                                      : member != nullptr;
  if (is_made) return;
  throw Violation("membership", "node " + std::to_string(machine.id().value()) + " says that it has done to " +
                                    name_of(wanted.kind) + " node " + std::to_string(wanted.node.value()) +
                                    ", which is not decided");
}

void MemberPlan::ended(NodeId node) {
  std::vector<std::uint64_t> lost;
  for (const auto& [request, asked] : asked_) {
    if (asked.leader == node) lost.push_back(request);
  }
  for (const std::uint64_t request : lost) settle(request);
}

// What has come of it stands in a log, or does not.
void MemberPlan::settle(std::uint64_t request) {
  atlas_.settled(request);
  asked_.erase(request);
}

std::optional<node::MemberChangeWanted> MemberPlan::choose(const raft::Membership& now, Stream& random) {
  const bool mends = random.between(0, 3) != 0;
  if (mends) {
    if (std::optional<Wanted> wanted = mend(now, random)) return wanted;
  }
  // What makes little sense is asked now and then, too.
  if (random.between(0, 9) == 0) {
    const std::vector<NodeId> voters = now.voters();
    Wanted wanted{Kind::promote, random.pick(machines_)->id()};
    if (random.coin()) wanted.kind = Kind::remove;
    return wanted;
  }
  return approach(now, random);
}

// Members whose disk is lost go: replaced, or else removed.
std::optional<node::MemberChangeWanted> MemberPlan::mend(const raft::Membership& now, Stream& random) {
  for (const raft::Member& member : now.members) {
    const Machine& machine = machine_of(member.id);
    if (!machine.is_lost() && !machine.is_stranger()) continue;
    if (member.standing == raft::Standing::voter && random.between(0, 3) != 0) {
      if (std::optional<Wanted> wanted = take_in(now, member.id, random)) return wanted;
    }
    return Wanted{Kind::remove, member.id};
  }
  return std::nullopt;
}

// One step towards as many voters as are wanted; with as many as that one is replaced, or others are wanted.
std::optional<node::MemberChangeWanted> MemberPlan::approach(const raft::Membership& now, Stream& random) {
  const std::vector<NodeId> voters = now.voters();
  if (target_ == 0 || voters.size() == target_) choose_target(voters.size(), random);
  std::vector<NodeId> learners;
  for (const raft::Member& member : now.members) {
    if (member.standing == raft::Standing::learner) learners.push_back(member.id);
  }
  if (!learners.empty() && random.coin()) {
    return Wanted{random.between(0, 3) == 0 ? Kind::remove : Kind::promote, random.pick(learners)};
  }
  if (voters.size() < target_) return take_in(now, NodeId(), random);
  NodeId leaving = random.pick(voters);
  if (voters.size() > target_) return Wanted{Kind::remove, leaving};
  return take_in(now, leaving, random);
}

std::optional<node::MemberChangeWanted> MemberPlan::take_in(const raft::Membership& now, NodeId replaced,
                                                            Stream& random) {
  std::vector<NodeId> spares;
  for (const auto& machine : machines_) {
    if (now.find(machine->id()) == nullptr) spares.push_back(machine->id());
  }
  if (spares.empty()) return std::nullopt;
  Wanted wanted{replaced == NodeId() ? Kind::add : Kind::replace, random.pick(spares), replaced};
  wanted.stays_learner = wanted.kind == Kind::add && random.between(0, 7) == 0;
  return wanted;
}

void MemberPlan::choose_target(std::size_t voters, Stream& random) {
  if (options_.walks) {
    if (target_ != 0 && steps_ < std::size(kWalk)) ++steps_;
    if (steps_ == std::size(kWalk)) {
      trace_.count("reached: the voters were 3, 5, 4 and 3 again");
      steps_ = 0;
    }
    target_ = kWalk[steps_];
    return;
  }
  target_ = random.between(0, 2) == 0 ? voters : random.between(1, std::min(kVotersMax, machines_.size()));
}

}  // namespace tenon::sim
