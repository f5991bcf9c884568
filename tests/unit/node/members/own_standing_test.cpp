// SPDX-License-Identifier: MIT
// What a node makes of what others say about its place, which may be meant for another that has or had its number.
#include "cluster.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

const raft::Incarnation kOther{77};

// A follower of three, with a watch and a subscription, that is told that it was removed.
struct Told {
  Told() : leader(cluster.elect()), machine(cluster.follower()) {
    watch = machine.watch({{}, {}, 0, 100});
    Submission submission;
    submission.token = {1, ++machine.last_request};
    submission.subscription = std::make_unique<const SubscribeRequest>(SubscribeRequest{{}, {}, 100});
    machine.node->submit(std::move(submission));
    subscription = machine.last_request;
    cluster.pass(milliseconds(200));
    REQUIRE(machine.node->status().watches.open == 1);
    REQUIRE(machine.node->status().channels.subscriptions == 1);
  }
  void tell(const raft::Incarnation& meant, LogIndex index, Term term) {
    wire::StandingNotice notice{wire::StandingNotice::Kind::removed, "it was removed", {}, index, term};
    const NodeId from = leader.settings.raft.self;
    const wire::Envelope envelope{"machines", from, leader.settings.incarnation, machine.settings.raft.self, meant};
    machine.node->receive(from, std::make_shared<const std::string>(wire::encode_frame(envelope, notice).head));
    machine.run();
  }
  bool is_removed() const { return machine.node->status().own_standing.place == OwnStanding::Place::removed; }

  Cluster cluster;
  const Machine& leader;
  Machine& machine;
  std::uint64_t watch = 0;
  std::uint64_t subscription = 0;
};

TEST_CASE("a node that is told that it was removed ends watches and subscriptions as refused, and stands no more") {
  Told told;
  const Status status = told.leader.node->status();
  told.tell(told.machine.settings.incarnation, status.commit_index, status.term);
  CHECK(told.is_removed());
  for (const std::uint64_t stream : {told.watch, told.subscription}) {
    REQUIRE(told.machine.answered(stream));
    CHECK(told.machine.recorder.answers.at(stream).outcome == Outcome::refused);
    CHECK(told.machine.recorder.answers.at(stream).error == TENON_ERROR_NOT_LEADER);
  }
  CHECK(told.machine.node->status().watches.open == 0);
  CHECK(told.machine.node->status().channels.subscriptions == 0);
  for (int round = 0; round < 5; ++round) {
    told.machine.now.steady += std::chrono::hours(1);
    told.machine.run();
  }
  CHECK(told.machine.node->raft().role() == RoleName::follower);
}

TEST_CASE("a node is not removed by what is said to another data directory of its number") {
  Told told;
  const Status status = told.leader.node->status();
  told.tell(kOther, status.commit_index, status.term);
  CHECK_FALSE(told.is_removed());
  CHECK_FALSE(told.machine.answered(told.watch));
  CHECK(told.machine.recorder.frame_drops.back() == FrameDrop::other_node);
}

TEST_CASE("a node that its log names later than it was removed is a member, whatever it is told late") {
  Told told;
  REQUIRE(told.machine.node->raft().log().membership_index() > LogIndex(1));
  told.tell(told.machine.settings.incarnation, LogIndex(1), Term(1));
  CHECK_FALSE(told.is_removed());
  CHECK_FALSE(told.machine.answered(told.watch));
}

TEST_CASE("a member finds a way to members of which its log does not know yet, so that it can answer and vote") {
  Told told;
  const auto hear = [&](std::uint64_t from, const auto& body) {
    const wire::Envelope envelope{"machines", NodeId(from), kOther, told.machine.settings.raft.self};
    told.machine.node->receive(NodeId(from),
                               std::make_shared<const std::string>(wire::encode_frame(envelope, body).head));
    told.machine.run();
  };
  const auto& places = told.machine.peers.places;
  hear(8, wire::StandingNotice{wire::StandingNotice::Kind::welcome, {}, {{NodeId(8), {"x://eight:1"}}}});
  CHECK(places.at(NodeId(8)) == std::vector<std::string>{"x://eight:1"});
  hear(9, wire::StandingRequest{NodeId(9), kOther, false, {"x://nine:1"}});
  CHECK(places.at(NodeId(9)) == std::vector<std::string>{"x://nine:1"});
  hear(7, wire::StandingRequest{NodeId(7), kOther, true, {"x://seven:1"}});
  CHECK_FALSE(places.contains(NodeId(7)));
}

// The only voter, and a node 4 that left with the directory kOther.
struct Alone {
  Alone() : machine(NodeId(1), raft::Membership{{{NodeId(1)}}, {{NodeId(4), kOther}}}) {
    machine.settle();
    machine.now.steady += std::chrono::seconds(1);  // another may have led when it started
    machine.settle();
  }
  void hear(NodeId from, const raft::Incarnation& directory, const auto& body) {
    const wire::Envelope envelope{"machines", from, directory, NodeId(1)};
    machine.node->receive(from, std::make_shared<const std::string>(wire::encode_frame(envelope, body).head));
    machine.settle();
  }
  void hear_former() { hear(NodeId(4), kOther, wire::StandingRequest{NodeId(4), kOther, false, {"x://former:1"}}); }
  void dial_new() {
    MemberChangeWanted wanted;
    wanted.node = NodeId(4);
    wanted.addresses = {"x://new:1"};
    machine.node->ask({{1, ++machine.last_request}, wanted});
  }
  std::vector<std::string> dialled() const { return machine.peers.places.at(NodeId(4)); }
  // Each with the data directory that it is for.
  std::vector<std::pair<wire::StandingNotice, raft::Incarnation>> notices() const {
    std::vector<std::pair<wire::StandingNotice, raft::Incarnation>> found;
    for (const ManualPeers::Sent& sent : machine.peers.sent) {
      const auto frame = std::get<wire::DecodedFrame>(wire::decode_frame(sent.frame));
      if (const auto* notice = std::get_if<wire::StandingNotice>(&frame.body))
        found.emplace_back(*notice, frame.envelope.meant);
    }
    return found;
  }

  Machine machine;
};

TEST_CASE("a node that left is told which directory is meant, and by what that is decided") {
  Alone alone;
  alone.hear_former();
  REQUIRE(alone.notices().size() == 1);
  const auto [notice, meant] = alone.notices().front();
  CHECK(notice.kind == wire::StandingNotice::Kind::removed);
  CHECK(meant == kOther);
  CHECK(notice.index == alone.machine.node->status().commit_index);
  CHECK(notice.index_term == alone.machine.node->status().term);
  CHECK(alone.machine.peers.places.at(NodeId(4)) == std::vector<std::string>{"x://former:1"});
}

TEST_CASE("a node that left does not take the place of one of its number that is dialled") {
  Alone alone;
  alone.dial_new();
  alone.hear_former();
  CHECK(alone.dialled() == std::vector<std::string>{"x://new:1"});
  CHECK(alone.machine.recorder.operator_answers.empty());
}

TEST_CASE("a node that holds another log does not take the place of one of its number that is dialled") {
  constexpr raft::Incarnation kStranger{79};
  Alone alone;
  alone.dial_new();
  alone.hear(NodeId(4), kStranger, wire::StandingRequest{NodeId(4), kStranger, false, {"x://stranger:1"}});
  CHECK(alone.dialled() == std::vector<std::string>{"x://new:1"});
}

TEST_CASE("where others say that a node is does not take the place of where it is dialled") {
  Alone alone;
  alone.dial_new();
  alone.hear(NodeId(2), raft::Incarnation{79},
             wire::StandingNotice{wire::StandingNotice::Kind::welcome, {}, {{NodeId(4), {"x://old:1"}}}});
  CHECK(alone.dialled() == std::vector<std::string>{"x://new:1"});
}

// With an empty directory.
struct Joining {
  explicit Joining(const ConfiguredPeers& configured) {
    machine.settings.joins = true;
    machine.settings.peers = configured;
    machine.storage.log.clear();
    machine.storage.hard_state = {};
    machine.restart();
    machine.settle();
  }
  void hear(const auto& body) {
    const wire::Envelope envelope{"machines", NodeId(1), kOther, NodeId(4), machine.settings.incarnation};
    const wire::OutgoingFrame frame = wire::encode_frame(envelope, body);
    std::string whole = frame.head;
    for (const raft::Payload& part : frame.data) whole += part.bytes;
    machine.node->receive(NodeId(1), std::make_shared<const std::string>(std::move(whole)));
    machine.settle();
  }
  Machine machine{NodeId(4)};
};

TEST_CASE("a watch ends on a node that is no member when that hears of no leader any more") {
  Joining joining({{NodeId(4), {"x://four:1"}}});
  Machine& machine = joining.machine;
  joining.hear(raft::Message(raft::Heartbeat{Term(3), LogIndex(), 1}));
  REQUIRE(machine.node->raft().leader() == NodeId(1));
  const std::uint64_t watch = machine.watch({{}, {}, 0, 100, false, Freshness::local});
  machine.settle();
  CHECK(machine.node->status().watches.open == 1);
  machine.now.steady += std::chrono::seconds(10);
  machine.settle();
  REQUIRE(machine.node->raft().leader() == NodeId());
  machine.settle();
  REQUIRE(machine.answered(watch));
  CHECK(machine.recorder.answers.at(watch).error == TENON_ERROR_NOT_LEADER);
  CHECK(machine.node->status().watches.open == 0);
}

TEST_CASE("a learner hears that it is refused as long as the entry that took it in is not decided") {
  Joining joining({{NodeId(4), {"x://four:1"}}});
  const auto entry = [](std::uint64_t index, const raft::Membership& members) {
    const auto data = std::make_shared<const std::string>(wire::encode_membership(members));
    return raft::Entry{LogIndex(index),
                       Term(3),
                       raft::EntryKind::membership,
                       {data, *data},
                       std::make_shared<const raft::Membership>(members)};
  };
  const raft::Membership before{{{NodeId(1), kOther}}};
  const raft::Membership after = raft::with_learner(before, {NodeId(4), joining.machine.settings.incarnation});
  joining.hear(raft::Message(raft::Append{Term(3), {}, {}, LogIndex(1), {entry(1, before), entry(2, after)}}));
  const auto place = [&] { return joining.machine.node->status().own_standing.place; };
  CHECK(place() == OwnStanding::Place::member);
  joining.hear(wire::StandingNotice{wire::StandingNotice::Kind::refused, "it is not known", {}});
  CHECK(place() == OwnStanding::Place::refused);
  joining.hear(raft::Message(raft::Heartbeat{Term(3), LogIndex(2), 1}));
  CHECK(place() == OwnStanding::Place::member);
  joining.hear(wire::StandingNotice{wire::StandingNotice::Kind::refused, "it is not known", {}});
  CHECK(place() == OwnStanding::Place::member);
}

// What a node with an empty directory, which knows these and is welcomed by node 1, asks it.
wire::StandingRequest asked_by(const ConfiguredPeers& configured) {
  Joining joining(configured);
  Machine& machine = joining.machine;
  joining.hear(wire::StandingNotice{wire::StandingNotice::Kind::welcome, {}, {{NodeId(1), {"x://one:1"}}}});
  machine.settle();
  REQUIRE_FALSE(machine.peers.sent.empty());
  const auto frame = std::get<wire::DecodedFrame>(wire::decode_frame(machine.peers.sent.back().frame));
  return std::get<wire::StandingRequest>(frame.body);
}

TEST_CASE("a node that was told of no member waits for an operator, and one that was asks to be taken in") {
  const wire::StandingRequest waits = asked_by({{NodeId(4), {"x://four:1"}}});
  CHECK(waits.wants_to_join);
  CHECK(waits.addresses.empty());
  const wire::StandingRequest asks = asked_by({{NodeId(4), {"x://four:1"}}, {NodeId(1), {"x://one:1"}}});
  CHECK(asks.wants_to_join);
  CHECK(asks.addresses == std::vector<std::string>{"x://four:1"});
}

TEST_CASE("a new node of a number is not taken to hold what the one before it held") {
  constexpr raft::Incarnation kNew{78};
  const raft::Member learner{NodeId(2), kOther, {"x://two:1"}, raft::Standing::learner};
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}, learner}});
  machine.settle();
  const auto hear = [&](const raft::Incarnation& from, const auto& body) {
    const wire::Envelope envelope{"machines", NodeId(2), from, NodeId(1)};
    machine.node->receive(NodeId(2), std::make_shared<const std::string>(wire::encode_frame(envelope, body).head));
    machine.settle();
  };
  const Status status = machine.node->status();
  hear(kOther, raft::Message(raft::AppendAccepted{status.term, status.last_index}));
  MemberChangeWanted wanted;
  wanted.kind = MemberChangeWanted::Kind::remove;
  wanted.node = NodeId(2);
  machine.node->ask({{1, ++machine.last_request}, wanted});
  machine.settle();
  REQUIRE(machine.node->status().membership.find(NodeId(2)) == nullptr);
  const wire::StandingRequest request{NodeId(2), kNew, true, {"x://two:2"}};
  hear(kNew, request);  // it is dialled
  machine.node->on_lane(NodeId(2), Lane::control, LaneEvent::up);
  hear(kNew, request);  // and has reached the leader in turn
  const raft::Member* member = machine.node->raft().membership().find(NodeId(2));
  REQUIRE(member != nullptr);
  CHECK(member->incarnation == kNew);
  CHECK(member->standing == raft::Standing::learner);
}

}  // namespace
}  // namespace tenon::node
