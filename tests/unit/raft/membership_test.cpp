// SPDX-License-Identifier: MIT
#include "raft/membership.hpp"

#include <functional>
#include <memory>

#include "raft/raft.hpp"
#include "support/catch.hpp"

namespace tenon::raft {
namespace {

const Membership kThree{{{NodeId(1), {1}}, {NodeId(2), {2}}, {NodeId(3), {3}}}};

std::vector<NodeId> ids(std::initializer_list<std::uint64_t> numbers) {
  std::vector<NodeId> made;
  for (const std::uint64_t number : numbers) made.emplace_back(number);
  return made;
}

Standing standing(const Membership& membership, std::uint64_t node) {
  const Member* member = membership.find(NodeId(node));
  REQUIRE(member != nullptr);
  return member->standing;
}

TEST_CASE("a node joins as a learner, whatever it says of itself, and leaves as one") {
  const Membership joined = with_learner(kThree, {NodeId(9), {9}, {"a:1"}, Standing::voter});
  CHECK(standing(joined, 9) == Standing::learner);
  CHECK(joined.find(NodeId(9))->addresses == std::vector<std::string>{"a:1"});
  CHECK_FALSE(joined.has_voter(NodeId(9)));
  CHECK(joined.voters() == ids({1, 2, 3}));
  CHECK(why_not(kThree, joined).empty());
  const Membership left = without_learner(joined, NodeId(9));
  CHECK(left.members == kThree.members);
  CHECK(left.former == std::vector<FormerMember>{{NodeId(9), {9}}});
  CHECK(why_not(joined, left).empty());
  CHECK(with_learner(left, {NodeId(9), {10}}).former.empty());
}

TEST_CASE("voters change by way of a membership with both sets") {
  const Membership five = with_learner(with_learner(kThree, {NodeId(4), {4}}), {NodeId(5), {5}});
  const Membership joint = entering_joint(five, ids({2, 3, 4}));
  CHECK(joint.is_joint());
  CHECK(standing(joint, 1) == Standing::outgoing);
  CHECK(standing(joint, 2) == Standing::voter);
  CHECK(standing(joint, 4) == Standing::incoming);
  CHECK(standing(joint, 5) == Standing::learner);
  CHECK(joint.voters() == ids({1, 2, 3, 4}));
  CHECK(why_not(five, joint).empty());
  const Membership final = leaving_joint(joint);
  CHECK_FALSE(final.is_joint());
  CHECK(final.voters() == ids({2, 3, 4}));
  CHECK(final.find(NodeId(1)) == nullptr);
  CHECK(*final.find_former(NodeId(1)) == FormerMember{NodeId(1), {1}});
  CHECK(standing(final, 5) == Standing::learner);
  CHECK(why_not(joint, final).empty());
}

TEST_CASE("who was to take the place of one that has left is one more, and does not wait for its number") {
  Member learner{NodeId(4), {4}};
  learner.takes_place_of = NodeId(2);
  const Membership four = with_learner(kThree, learner);
  const Membership without = leaving_joint(entering_joint(four, ids({1, 3})));
  CHECK(without.find(NodeId(4))->takes_place_of == NodeId(4));
  CHECK(with_learner(without, {NodeId(2), {22}}).find(NodeId(4))->takes_place_of == NodeId(4));
  const Membership replaced = leaving_joint(entering_joint(four, ids({1, 3, 4})));
  CHECK(replaced.find(NodeId(4))->takes_place_of == NodeId());
}

TEST_CASE("a change that does not apply changes nothing") {
  CHECK(with_learner(kThree, {NodeId(2), {7}}) == kThree);
  CHECK(without_learner(kThree, NodeId(2)) == kThree);
  CHECK(without_learner(kThree, NodeId(9)) == kThree);
  CHECK(entering_joint(kThree, ids({1, 2, 9})) == kThree);
  CHECK(leaving_joint(kThree) == kThree);
  const Membership joint = entering_joint(kThree, ids({1, 2}));
  CHECK(entering_joint(joint, ids({1})) == joint);
}

TEST_CASE("what may not follow is refused with a reason") {
  const auto reason = [](const Membership& from, const std::function<void(Membership&)>& change) {
    Membership to = from;
    change(to);
    return std::string(why_not(from, to));
  };
  CHECK(reason(kThree, [](Membership&) {}) == "it changes nothing");
  CHECK(why_not(kThree, entering_joint(kThree, {})) == "it leaves no voter");
  CHECK(reason(kThree, [](Membership& to) { to.members.push_back({NodeId(4)}); }).starts_with("nodes join"));
  CHECK(reason(kThree, [](Membership& to) { to.members.pop_back(); }).starts_with("nodes join"));
  CHECK(reason(kThree, [](Membership& to) { to.members[0].standing = Standing::learner; }).starts_with("nodes join"));
  CHECK(reason(kThree, [](Membership& to) { to.members[0].incarnation = {7}; }).starts_with("the data directory"));
  CHECK(reason(kThree, [](Membership& to) { std::swap(to.members[0], to.members[1]); }).starts_with("it is beyond"));
  CHECK(reason(kThree, [](Membership& to) { to.members[0].addresses = {""}; }).starts_with("it is beyond"));
  const Membership learner = with_learner(kThree, {NodeId(4)});
  CHECK(reason(learner, [](Membership& to) { to.members.pop_back(); }).starts_with("it does not name who leaves"));
  CHECK(reason(learner, [](Membership& to) { to.former.push_back({NodeId(4)}); }).starts_with("it does not name"));
  CHECK(reason(kThree, [](Membership& to) {
          to = with_learner(std::move(to), {NodeId(4)});
          to.former.push_back({NodeId(4)});
        }) == "it names a member as a former one");
  const Membership joint = entering_joint(learner, ids({1, 2, 4}));
  CHECK_FALSE(why_not(joint, learner).empty());
  CHECK_FALSE(why_not(joint, with_learner(joint, {NodeId(5)})).empty());
  CHECK_FALSE(why_not(kThree, joint).empty());
}

TEST_CASE("what is known of a member is added to, also while a change is half done") {
  Membership named = kThree;
  named.members[1].addresses = {"tcp://b:1"};
  CHECK(why_not(kThree, named).empty());
  Membership unknown = kThree;
  unknown.members[2].incarnation = {};
  CHECK(why_not(unknown, kThree).empty());
  const Membership joint = entering_joint(unknown, ids({1, 2}));
  Membership pinned = joint;
  pinned.members[2].incarnation = {3};
  CHECK(why_not(joint, pinned).empty());
}

TEST_CASE("the newest of those that left are remembered") {
  Membership members = kThree;
  for (std::uint64_t node = 10; node < 10 + kFormerMembersMax + 3; ++node) {
    const Membership joined = with_learner(members, {NodeId(node)});
    const Membership left = without_learner(joined, NodeId(node));
    REQUIRE(why_not(members, joined).empty());
    REQUIRE(why_not(joined, left).empty());
    members = left;
  }
  CHECK(members.former.size() == kFormerMembersMax);
  CHECK(members.find_former(NodeId(12)) == nullptr);
  CHECK(members.former.front().id == NodeId(13));
}

TEST_CASE("a membership beyond its bounds may not follow") {
  Membership members = kThree;
  for (std::uint64_t node = 4; node <= kMembersMax; ++node) members = with_learner(members, {NodeId(node)});
  CHECK(members.members.size() == kMembersMax);
  CHECK(why_not(members, with_learner(members, {NodeId(1000)})).starts_with("it is beyond"));
  CHECK(why_not(kThree, with_learner(kThree, {NodeId(4), {}, std::vector<std::string>(kAddressesMax + 1, "a")}))
            .starts_with("it is beyond"));
  CHECK(why_not(kThree, with_learner(kThree, {NodeId(4), {}, {std::string(kAddressBytesMax + 1, 'a')}}))
            .starts_with("it is beyond"));
}

// Counted by hand, as bits of the ids.
bool has_quorum(const Membership& membership, unsigned nodes) {
  int before = 0;
  int after = 0;
  for (const Member& member : membership.members) {
    const int vote = ((nodes >> member.id.value()) & 1u) != 0 ? 1 : -1;
    if (member.standing == Standing::voter || member.standing == Standing::outgoing) before += vote;
    if (member.standing == Standing::voter || member.standing == Standing::incoming) after += vote;
  }
  return before > 0 && after > 0;
}

// Every membership of the nodes 1 to 4 in which somebody counts, before and afterwards.
std::vector<Membership> all_memberships() {
  std::vector<Membership> all;
  for (unsigned number = 0; number < 5 * 5 * 5 * 5; ++number) {
    Membership made;
    for (unsigned node = 1, rest = number; node <= 4; ++node, rest /= 5) {
      if (rest % 5 != 0) made.members.push_back({NodeId(node), {}, {}, static_cast<Standing>(rest % 5)});
    }
    if (has_quorum(made, ~0u)) all.push_back(std::move(made));
  }
  return all;
}

// What makes it safe that nodes decide by memberships of which one is next to the other (thesis section 4.3).
TEST_CASE("any quorum of a membership meets any quorum of one that may follow it, for all of up to four nodes") {
  const std::vector<Membership> all = all_memberships();
  std::size_t legal = 0;
  for (const Membership& from : all) {
    for (Membership to : all) {
      for (const Member& member : from.members) {
        if (to.find(member.id) == nullptr) to.former.push_back({member.id});
      }
      if (!why_not(from, to).empty()) continue;
      ++legal;
      for (unsigned nodes = 0; nodes < 32; nodes += 2) {
        REQUIRE_FALSE((has_quorum(from, nodes) && has_quorum(to, ~nodes)));
      }
    }
  }
  CHECK(legal > 500);
}

TEST_CASE("whoever left with another data directory was another node") {
  const auto is_removed = [](const Incarnation& own) {
    Settings settings;
    settings.self = NodeId(3);
    settings.incarnation = own;
    Membership left = leaving_joint(entering_joint(kThree, ids({1, 2})));
    Raft raft(settings, {{Term(1), NodeId()}, Log(LogIndex(9), Term(1), std::move(left)), WriteSequence()}, Random(1),
              Instant(std::chrono::hours(1)));
    CHECK_FALSE(raft.next_deadline().has_value());
    return raft.is_removed();
  };
  CHECK(is_removed({3}));
  CHECK(is_removed({}));
  CHECK_FALSE(is_removed({4}));
}

}  // namespace
}  // namespace tenon::raft
