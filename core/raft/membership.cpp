// SPDX-License-Identifier: MIT
#include "raft/membership.hpp"

#include <algorithm>
#include <utility>

#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

namespace {

auto place_of(std::vector<Member>& members, NodeId node) noexcept {
  return std::lower_bound(members.begin(), members.end(), node,
                          [](const Member& member, NodeId wanted) { return member.id < wanted; });
}

void remove(Membership& membership, NodeId node) {
  auto& [members, former] = membership;
  const auto at = place_of(members, node);
  TENON_CHECK(at != members.end() && at->id == node);
  former.push_back({at->id, at->incarnation});
  members.erase(at);
  // A later node of that number is another, in whose place nobody was to come.
  for (Member& member : members) {
    if (member.takes_place_of == node) member.takes_place_of = member.id;
  }
  if (former.size() > kFormerMembersMax) former.erase(former.begin());
}

bool is_within_bounds(const Membership& membership) noexcept {
  const auto& [members, former] = membership;
  if (members.size() > kMembersMax || former.size() > kFormerMembersMax) return false;
  const auto not_ascending = [](const Member& left, const Member& right) { return left.id >= right.id; };
  if (std::adjacent_find(members.begin(), members.end(), not_ascending) != members.end()) return false;
  return std::all_of(members.begin(), members.end(), [](const Member& member) {
    return member.id != NodeId() && member.addresses.size() <= kAddressesMax &&
           std::all_of(member.addresses.begin(), member.addresses.end(), [](const std::string& address) {
             return !address.empty() && address.size() <= kAddressBytesMax;
           });
  });
}

// Whether a member that stood like `before` may stand like `after` in the next membership. Null: it is none; not both.
bool may_become(const Member* before, const Member* after, bool was_joint, bool is_joint) noexcept {
  if (before == nullptr) return !was_joint && !is_joint && after->standing == Standing::learner;
  const Standing stood = before->standing;
  if (after == nullptr) return !is_joint && stood == (was_joint ? Standing::outgoing : Standing::learner);
  const Standing stands = after->standing;
  if (was_joint && !is_joint) return stands == (stood == Standing::incoming ? Standing::voter : stood);
  if (stands == stood) return true;
  if (was_joint || !is_joint) return false;
  return (stood == Standing::learner && stands == Standing::incoming) ||
         (stood == Standing::voter && stands == Standing::outgoing);
}

}  // namespace

const Member* Membership::find(NodeId node) const noexcept {
  const auto at = std::lower_bound(members.begin(), members.end(), node,
                                   [](const Member& member, NodeId wanted) { return member.id < wanted; });
  return at != members.end() && at->id == node ? &*at : nullptr;
}

const FormerMember* Membership::find_former(NodeId node) const noexcept {
  const auto at = std::find_if(former.begin(), former.end(), [&](const FormerMember& one) { return one.id == node; });
  return at != former.end() ? &*at : nullptr;
}

Incarnation Membership::incarnation_of(NodeId node) const noexcept {
  if (const Member* member = find(node)) return member->incarnation;
  const FormerMember* left = find_former(node);
  return left != nullptr ? left->incarnation : Incarnation{};
}

bool Membership::has_voter(NodeId node) const noexcept {
  const Member* member = find(node);
  return member != nullptr && member->standing != Standing::learner;
}

std::vector<NodeId> Membership::voters() const {
  std::vector<NodeId> found;
  for (const Member& member : members) {
    if (member.standing != Standing::learner) found.push_back(member.id);
  }
  return found;
}

bool Membership::is_joint() const noexcept {
  return std::any_of(members.begin(), members.end(), [](const Member& member) {
    return counts_before(member.standing) != counts_after(member.standing);
  });
}

Membership with_learner(Membership from, Member learner) {
  const auto at = place_of(from.members, learner.id);
  if (at != from.members.end() && at->id == learner.id) return from;
  std::erase_if(from.former, [&](const FormerMember& one) { return one.id == learner.id; });
  learner.standing = Standing::learner;
  from.members.insert(at, std::move(learner));
  return from;
}

Membership without_learner(Membership from, NodeId learner) {
  const Member* member = from.find(learner);
  if (member != nullptr && member->standing == Standing::learner) remove(from, learner);
  return from;
}

Membership entering_joint(Membership from, std::span<const NodeId> voters) {
  const auto is_member = [&](NodeId node) { return from.find(node) != nullptr; };
  if (from.is_joint() || !std::all_of(voters.begin(), voters.end(), is_member)) return from;
  for (Member& member : from.members) {
    const bool will_count = std::find(voters.begin(), voters.end(), member.id) != voters.end();
    if (member.standing == Standing::voter && !will_count) member.standing = Standing::outgoing;
    if (member.standing == Standing::learner && will_count) member.standing = Standing::incoming;
  }
  return from;
}

Membership leaving_joint(Membership from) {
  std::vector<NodeId> leaving;
  for (Member& member : from.members) {
    if (member.standing == Standing::incoming) {
      member.standing = Standing::voter;
      member.takes_place_of = NodeId();
    }
    if (member.standing == Standing::outgoing) leaving.push_back(member.id);
  }
  for (const NodeId node : leaving) remove(from, node);
  return from;
}

std::string_view why_not(const Membership& from, const Membership& to) noexcept {
  if (to == from) return "it changes nothing";
  if (!is_within_bounds(to)) return "it is beyond the bounds of a membership";
  const auto will_count = [](const Member& member) { return counts_after(member.standing); };
  if (std::none_of(to.members.begin(), to.members.end(), will_count)) return "it leaves no voter";
  if (mutant("change-in-one-step")) return {};
  const bool was_joint = from.is_joint();
  const bool is_joint = to.is_joint();
  constexpr std::string_view out_of_order =
      "nodes join and leave as learners, and learners and voters become each other only through a joint membership";
  for (const Member& before : from.members) {
    const Member* after = to.find(before.id);
    if (!may_become(&before, after, was_joint, is_joint)) return out_of_order;
    const FormerMember* former = to.find_former(before.id);
    if ((after == nullptr) != (former != nullptr)) return "it does not name who leaves as a former member";
    const Incarnation& known = after != nullptr ? after->incarnation : former->incarnation;
    if (before.incarnation != Incarnation{} && before.incarnation != known) {
      return "the data directory of a member cannot become another";
    }
  }
  for (const Member& after : to.members) {
    if (from.find(after.id) == nullptr && !may_become(nullptr, &after, was_joint, is_joint)) return out_of_order;
    if (to.find_former(after.id) != nullptr) return "it names a member as a former one";
  }
  return {};
}

}  // namespace tenon::raft
