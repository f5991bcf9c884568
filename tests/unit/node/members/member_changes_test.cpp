// SPDX-License-Identifier: MIT
#include "node/members/member_changes.hpp"

#include <map>

#include "support/catch.hpp"

namespace tenon::node {
namespace {

using raft::NodeId;
using raft::Standing;
using Kind = MemberChangeWanted::Kind;

constexpr raft::Incarnation kDisk = {1};
const std::string kAddress = "x://four:1";

// Takes every address but those of the scheme `none`, and remembers who is connected.
class Ports final : public PeerPort {
 public:
  std::size_t send(NodeId, Lane, std::span<wire::OutgoingFrame>) override { return 0; }
  std::string set_peer(NodeId peer, const Addresses& addresses) override {
    if (!addresses.empty() && addresses.front().starts_with("none")) return "no transport takes it";
    if (addresses.empty()) {
      connected.erase(peer);
    } else {
      connected[peer] = addresses;
    }
    return {};
  }
  std::map<NodeId, Addresses> connected;
};

// The leader, node 1, of the voters 1 to 3, who all answer.
struct Leader {
  Ports port;
  PeerPlaces places{port, NodeId(1), {{NodeId(2), {"x://two:1"}}, {NodeId(3), {"x://three:1"}}}};
  std::vector<OperatorAnswer> answers;
  std::vector<std::string> notes;
  MemberChanges changes{[this](OperatorAnswer answer) { answers.push_back(std::move(answer)); },
                        [this](const std::string& note) { notes.push_back(note); }};
  raft::Membership members{{{NodeId(1), {11}}, {NodeId(2), {12}}, {NodeId(3), {13}}}};
  std::vector<MemberLag> lags{{NodeId(2), 0, true}, {NodeId(3), 0, true}};
  raft::Instant now{};

  Leader() { places.follow(members, now); }
  LeaderView view() const { return {now, NodeId(1), "cluster", members, lags}; }
  void ask(MemberChangeWanted wanted) { changes.ask(Token{1, 1}, std::move(wanted), view(), places); }
  void add(bool stays_learner = false) { ask({Kind::add, NodeId(4), {}, {kAddress}, stays_learner}); }
  // A connection to where it is said to be is made.
  void reach(std::uint64_t node) { places.on_lane(NodeId(node), true); }
  std::optional<wire::StandingNotice> hear(std::uint64_t node, const raft::Incarnation& disk, bool wants_to_join,
                                           bool is_direct = true) {
    const wire::StandingRequest request{NodeId(node), disk, wants_to_join, {kAddress}};
    return changes.heard(request, is_direct, view(), places);
  }
  // What is proposed becomes the membership in force, and committed.
  bool decide() {
    std::optional<raft::Membership> next = changes.next(view(), places);
    if (!next) return false;
    CHECK(raft::why_not(members, *next).empty());
    members = *std::move(next);
    if (members.is_joint()) members = raft::leaving_joint(members);
    return true;
  }
  void take_in(bool stays_learner = false) {
    add(stays_learner);
    reach(4);
    hear(4, kDisk, true);
    REQUIRE(decide());
    lags.push_back({NodeId(4), 10 * MemberChanges::kNearBytes, true, true});
    decide();
  }
  std::string refusal() const {
    const auto* refused = answers.empty() ? nullptr : std::get_if<OperatorRefusal>(&answers.back().what);
    return refused == nullptr ? std::string() : refused->why;
  }
  const MemberChangeDone* done() const {
    return answers.empty() ? nullptr : std::get_if<MemberChangeDone>(&answers.back().what);
  }
  void wait(raft::Duration time) {
    now += time;
    changes.expire(view(), places);
  }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a new node is proposed only once it has itself said that it waits, over a connection of its own") {
  Leader f;
  f.add();
  CHECK(f.port.connected.at(NodeId(4)) == Addresses{kAddress});
  CHECK_FALSE(f.decide());
  f.reach(4);
  f.hear(4, kDisk, true, false);
  CHECK_FALSE(f.decide());
  f.hear(4, kDisk, true);
  REQUIRE(f.decide());
  const raft::Member* member = f.members.find(NodeId(4));
  REQUIRE(member != nullptr);
  CHECK(member->standing == Standing::learner);
  CHECK(member->incarnation == kDisk);
  CHECK(member->addresses == Addresses{kAddress});
  CHECK(f.answers.empty());  // until it is committed
  f.decide();
  REQUIRE(f.done() != nullptr);
  CHECK(f.done()->standing == Standing::learner);
  REQUIRE(f.done()->warnings.size() == 1);
  CHECK(contains(f.done()->warnings[0], "4 voters bear the loss of 1, as 3 do, and need 3 answers"));
}

TEST_CASE("an address at which nobody or somebody else answers is refused with what was found, and in time") {
  Leader f;
  f.add();
  f.wait(MemberChanges::kDialTimeout - std::chrono::milliseconds(1));
  CHECK(f.answers.empty());
  f.wait(std::chrono::milliseconds(1));
  CHECK(contains(f.refusal(), "node 4 of cluster cluster was not found at x://four:1: nobody answers"));
  f.add();
  f.changes.dial_failed(NodeId(4), "four:1: this is node 7");
  f.changes.dial_failed(NodeId(5), "five:1: not of this change");
  f.wait(MemberChanges::kFailureTimeout);
  CHECK(contains(f.refusal(), "four:1: this is node 7; start it with this node.id and cluster.id"));
  f.add();
  f.reach(4);
  f.wait(MemberChanges::kDialTimeout);
  CHECK(contains(f.refusal(), "it has not reached this node in turn"));
  f.ask({Kind::add, NodeId(4), {}, {"none://four:1"}});
  CHECK(f.refusal() == "no transport takes it");
  CHECK_FALSE(f.decide());
}

TEST_CASE("a node that has come by itself is not taken in where it cannot be found, nor where it was found before") {
  Leader f;
  f.add();
  f.hear(4, kDisk, true);
  CHECK_FALSE(f.decide());
  f.changes.dial_failed(NodeId(4), "four:1: this is node 2");
  f.wait(MemberChanges::kFailureTimeout);
  CHECK(contains(f.refusal(), "node 4 of cluster cluster was not found at x://four:1: four:1: this is node 2"));
  f.add();
  f.reach(4);
  f.wait(MemberChanges::kDialTimeout);
  CHECK(contains(f.refusal(), "it has not reached this node in turn"));
  f.ask({Kind::add, NodeId(4), {}, {"x://elsewhere:1"}});
  f.hear(4, kDisk, true);
  CHECK_FALSE(f.decide());
  f.reach(4);
  CHECK(f.decide());
}

TEST_CASE("a peer that is dropped is not reached any more when it is looked for again") {
  Leader f;
  f.places.invite(NodeId(4), {kAddress}, f.now);
  f.reach(4);
  CHECK(f.places.is_reached(NodeId(4)));
  f.places.expire(f.now);
  f.places.invite(NodeId(4), {kAddress}, f.now);
  CHECK_FALSE(f.places.is_reached(NodeId(4)));
}

TEST_CASE("a node whose directory is not empty, or is that of a node that left, is not taken in") {
  Leader f;
  f.add();
  CHECK(f.hear(4, kDisk, false)->kind == wire::StandingNotice::Kind::refused);
  f.wait(MemberChanges::kFailureTimeout);
  CHECK(contains(f.refusal(), "holds the log of a cluster already"));
  f.members.former = {{NodeId(4), kDisk}};
  f.add();
  CHECK(f.hear(4, kDisk, true)->kind == wire::StandingNotice::Kind::removed);
  f.wait(MemberChanges::kFailureTimeout);
  CHECK(contains(f.refusal(), "was removed from the cluster with this data directory"));
  f.add();
  f.reach(4);
  CHECK_FALSE(f.hear(4, {2}, true).has_value());  // the same number with another disk
  CHECK(f.decide());
}

TEST_CASE("a node that left, and asks while a new one of its number is dialled, does not keep that one out") {
  Leader f;
  f.members.former = {{NodeId(4), kDisk}};
  f.add();
  CHECK(f.hear(4, kDisk, false)->kind == wire::StandingNotice::Kind::removed);
  CHECK(f.answers.empty());
  f.reach(4);
  CHECK_FALSE(f.hear(4, {2}, true).has_value());
  REQUIRE(f.decide());
  CHECK(f.members.find(NodeId(4))->incarnation == raft::Incarnation{2});
}

TEST_CASE("a voter that has lost its disk is told how to come back, and is not taken for a new one") {
  Leader f;
  const auto notice = f.hear(2, {99}, true);
  REQUIRE(notice.has_value());
  CHECK(notice->kind == wire::StandingNotice::Kind::refused);
  CHECK(contains(notice->text, "member replace 2 NEW ADDRESS"));
  CHECK_FALSE(f.changes.dialled().has_value());
  CHECK_FALSE(f.hear(2, {12}, false).has_value());  // the voter itself
}

TEST_CASE("an empty node under the number of a voter whose directory nobody knows is told how to come back") {
  Leader f;
  f.members.members[2].incarnation = {};
  const auto notice = f.hear(3, kDisk, true);
  REQUIRE(notice.has_value());
  CHECK(notice->kind == wire::StandingNotice::Kind::refused);
  CHECK(contains(notice->text, "member replace 3 NEW ADDRESS"));
  CHECK_FALSE(f.hear(3, kDisk, false).has_value());  // the voter itself, which has begun and hears of no leader
  f.members.members[2].incarnation = kDisk;
  CHECK_FALSE(f.hear(3, kDisk, true).has_value());  // who was taken in, and has got nothing yet
}

TEST_CASE("a learner becomes a voter by itself when it answers and misses little, unless it is to stay one") {
  Leader f;
  f.take_in();
  CHECK_FALSE(f.decide());
  f.lags.back().missing_bytes = MemberChanges::kNearBytes;
  f.lags.back().is_heard = false;
  CHECK_FALSE(f.decide());
  f.lags.back().is_heard = true;
  REQUIRE(f.decide());
  CHECK(f.members.find(NodeId(4))->standing == Standing::voter);
  CHECK(f.members.find(NodeId(4))->takes_place_of == NodeId());

  Leader g;
  g.take_in(true);
  g.lags.back().missing_bytes = 0;
  CHECK_FALSE(g.decide());
}

TEST_CASE("one change puts a node that has caught up in the place of a voter, though leaders change on the way") {
  Leader f;
  f.ask({Kind::replace, NodeId(4), NodeId(2), {kAddress}});
  f.reach(4);
  f.hear(4, kDisk, true);
  REQUIRE(f.decide());
  f.decide();
  REQUIRE(f.done() != nullptr);
  CHECK(f.done()->warnings.empty());
  Leader later;  // it knows no more than the membership says
  later.members = f.members;
  later.lags = {{NodeId(2), 1u << 30, false}, {NodeId(3), 0, true}, {NodeId(4), 0, true, true}};
  REQUIRE(later.decide());
  CHECK(later.members.voters() == std::vector{NodeId(1), NodeId(3), NodeId(4)});
  CHECK(later.members.find(NodeId(2)) == nullptr);
}

TEST_CASE("a promotion of one that lags is refused with the figures") {
  Leader f;
  f.take_in(true);
  f.ask({Kind::promote, NodeId(4)});
  CHECK(contains(f.refusal(), "still misses 10485760 bytes of log and image, and 1048576 is the most"));
  f.lags.back() = {NodeId(4), 0, false};
  f.ask({Kind::promote, NodeId(4)});
  CHECK(contains(f.refusal(), "does not answer"));
  f.lags.back() = {NodeId(4), 7, true, true};
  f.ask({Kind::promote, NodeId(4)});
  REQUIRE(f.decide());
  f.decide();
  CHECK(f.done() != nullptr);
  CHECK(f.members.voters().size() == 4);
}

TEST_CASE("nobody becomes a voter before it holds the entry that makes it a member, also when that is forced") {
  Leader f;
  f.take_in();
  f.lags.back() = {NodeId(4), 0, true, false};
  CHECK_FALSE(f.decide());
  MemberChangeWanted forced{Kind::promote, NodeId(4)};
  forced.is_forced = true;
  f.ask(forced);
  CHECK(contains(f.refusal(), "has not got the entry of the log by which it is a member"));
  f.lags.back().holds_membership = true;
  CHECK(f.decide());
}

TEST_CASE("a leader that is being removed does not take itself in again") {
  Leader f;
  std::erase_if(f.members.members, [](const raft::Member& member) { return member.id == NodeId(1); });
  f.ask({Kind::add, NodeId(1), {}, {kAddress}});
  CHECK(contains(f.refusal(), "node 1 is the one that leads"));
  CHECK(f.port.connected.find(NodeId(1)) == f.port.connected.end());
}

TEST_CASE("a removal that leaves too few who answer is refused with the arithmetic, and done when it is forced") {
  Leader f;
  f.lags[1].is_heard = false;
  f.ask({Kind::remove, NodeId(2)});
  CHECK(contains(f.refusal(), "the voters would be 1, 3: 2, of whom 2 have to answer, and now 1 does (1)"));
  MemberChangeWanted forced{Kind::remove, NodeId(2)};
  forced.is_forced = true;
  f.ask(forced);
  REQUIRE(f.decide());
  CHECK(f.members.voters() == std::vector{NodeId(1), NodeId(3)});
  f.decide();
  CHECK(f.done() != nullptr);
  CHECK_FALSE(f.done()->standing.has_value());
}

TEST_CASE("the last voter stays, also when it is forced") {
  Leader f;
  f.members.members.resize(1);
  f.lags.clear();
  MemberChangeWanted forced{Kind::remove, NodeId(1)};
  forced.is_forced = true;
  f.ask(forced);
  CHECK(contains(f.refusal(), "node 1 is the last voter"));
}

TEST_CASE("one change follows the other, and who loses leadership says what is known of it") {
  Leader f;
  f.add();
  f.ask({Kind::remove, NodeId(2)});
  CHECK(contains(f.refusal(), "the addition of node 4 is under way"));
  f.changes.lose();
  CHECK(std::get<OperatorRefusal>(f.answers.back().what).outcome == Outcome::refused);
  f.ask({Kind::remove, NodeId(2)});
  REQUIRE(f.changes.next(f.view(), f.places).has_value());
  f.changes.lose();
  CHECK(std::get<OperatorRefusal>(f.answers.back().what).outcome == Outcome::unknown);
}

TEST_CASE("a node that asks by itself is dialled and taken in like any other") {
  Leader f;
  CHECK_FALSE(f.hear(4, kDisk, true, false).has_value());  // passed on by another member
  CHECK(f.changes.dialled() == NodeId(4));
  CHECK_FALSE(f.decide());
  f.reach(4);
  f.hear(4, kDisk, true);
  REQUIRE(f.decide());
  CHECK(f.members.find(NodeId(4))->takes_place_of == NodeId(4));
  CHECK(f.answers.empty());
}

TEST_CASE("connections follow the membership, and who leaves is reached until its time is over") {
  Leader f;
  CHECK(f.port.connected.size() == 2);
  raft::Membership four = f.members;
  four.members.push_back({NodeId(4), kDisk, {kAddress}});
  f.places.follow(four, f.now);
  CHECK(f.port.connected.at(NodeId(4)) == Addresses{kAddress});
  f.places.follow(f.members, f.now + std::chrono::seconds(1));
  CHECK(f.port.connected.contains(NodeId(4)));
  CHECK(f.places.next_expiry() == f.now + std::chrono::seconds(1));
  f.places.expire(f.now + std::chrono::seconds(1));
  CHECK_FALSE(f.port.connected.contains(NodeId(4)));
  four.members.back().addresses.clear();
  CHECK(f.places.follow(four, f.now).size() == 1);  // nobody knows where it is
}

TEST_CASE("a member of which no address is known is reached where another node says that it is") {
  Ports port;
  PeerPlaces places(port, NodeId(4), {});
  raft::Membership members{{{NodeId(1)}, {NodeId(2), kDisk, {"x://two:1"}}}};
  places.follow(members, raft::Instant());
  places.invite(NodeId(1), {"x://one:1"}, raft::Instant());
  places.invite(NodeId(2), {"x://elsewhere:1"}, raft::Instant());
  places.expire(raft::Instant());
  CHECK(port.connected.at(NodeId(1)) == Addresses{"x://one:1"});
  CHECK(port.connected.at(NodeId(2)) == Addresses{"x://two:1"});
  members.members[0].addresses = {"x://one:2"};
  places.follow(members, raft::Instant());
  CHECK(port.connected.at(NodeId(1)) == Addresses{"x://one:2"});
}

TEST_CASE("addresses of the membership come first, and those of the config behind them, each once") {
  Leader f;
  raft::Membership known = f.members;
  known.members[1].addresses = {"x://moved:1", "x://two:1"};
  CHECK(f.places.addresses_of(known, NodeId(2)) == Addresses{"x://moved:1", "x://two:1"});
  known.members[1].addresses = {"x://moved:1"};
  CHECK(f.places.addresses_of(known, NodeId(2)) == Addresses{"x://moved:1", "x://two:1"});
}

}  // namespace
}  // namespace tenon::node
