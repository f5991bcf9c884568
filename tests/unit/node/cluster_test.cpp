// SPDX-License-Identifier: MIT
#include "cluster.hpp"

#include <cstring>

#include "tenon/crc32c.hpp"

namespace tenon::node {
namespace {

TEST_CASE("three nodes elect one leader, and each of them takes writes and serves reads") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  Machine& follower = cluster.follower();
  CHECK(follower.node->status().leader == leader.settings.raft.self);
  const std::uint64_t put = follower.put("a", "1");
  CHECK_FALSE(follower.answered(put));
  cluster.pass(milliseconds(50));
  REQUIRE(follower.answered(put));
  CHECK(follower.recorder.answers.at(put).outcome == Outcome::done);
  CHECK(follower.recorder.answers.at(put).reply.revision == 1);
  for (const raft::Member& member : kThree.members) {
    Machine& machine = cluster.at(member.id);
    const std::uint64_t get = machine.get("a");
    cluster.pass(milliseconds(50));
    CHECK(machine.found(get) == "1");
  }
}

TEST_CASE("a read after writes on a follower sees the write that was passed on") {
  Cluster cluster;
  cluster.elect();
  Machine& follower = cluster.follower();
  for (int i = 0; i < 20; ++i) {
    follower.put("a", std::to_string(i));
    const std::uint64_t get = follower.get("a", Ordering::after_writes);
    cluster.pass(milliseconds(60));
    CHECK(follower.found(get) == std::to_string(i));
  }
}

TEST_CASE("the first leader writes the voters' incarnations into the membership") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  for (const raft::Member& voter : leader.node->status().membership.members) {
    CHECK(voter.incarnation == cluster.at(voter.id).settings.incarnation);
  }
  CHECK(cluster.follower().node->status().membership == leader.node->status().membership);
}

TEST_CASE("a leader that is cut off commits nothing more, and what it had taken is never found after a new election") {
  Cluster cluster;
  Machine& old_leader = cluster.elect();
  const NodeId old_id = old_leader.settings.raft.self;
  const std::uint64_t lost = old_leader.put("a", "lost");
  old_leader.now = cluster.now;
  old_leader.run();  // it stands in the log of the old leader, and nobody else hears of it
  old_leader.peers.sent.clear();
  cluster.cut.insert(old_id);
  Machine& leader = cluster.elect();
  REQUIRE(&leader != &old_leader);
  const std::uint64_t put = leader.put("b", "kept");
  cluster.pass(milliseconds(100));
  REQUIRE(leader.answered(put));
  cluster.cut.clear();
  cluster.pass(milliseconds(500));
  REQUIRE(old_leader.answered(lost));
  CHECK(old_leader.recorder.answers.at(lost).outcome == Outcome::refused);
  const std::uint64_t get = old_leader.get("a");
  const std::uint64_t other = old_leader.get("b");
  cluster.pass(milliseconds(100));
  CHECK_FALSE(old_leader.found(get).has_value());
  CHECK(old_leader.found(other) == "kept");
}

TEST_CASE("a leader that leads again takes writes, however many bytes an earlier term has left that was not applied") {
  Cluster cluster;
  for (const raft::Member& member : kThree.members) {
    Machine& machine = cluster.at(member.id);
    machine.settings.entry_bytes_max = 1;
    machine.settings.unapplied_bytes_max = 700;
    machine.restart();
  }
  Machine& leader = cluster.elect();
  const NodeId id = leader.settings.raft.self;
  leader.now = cluster.now;
  for (const std::size_t size : {10u, 10u, 800u}) leader.put("a", std::string(size, 'v'));
  leader.run();  // they stand in its log, and nobody else hears of them
  leader.peers.sent.clear();
  cluster.cut.insert(id);
  cluster.elect();
  cluster.cut.clear();
  cluster.pass(milliseconds(100));
  REQUIRE(leader.node->status().role == RoleName::follower);
  cluster.leader()->node->transfer_leadership(id);
  cluster.pass(milliseconds(100));
  REQUIRE(leader.node->status().role == RoleName::leader);
  const std::uint64_t put = leader.put("b", "1");
  cluster.pass(milliseconds(100));
  REQUIRE(leader.answered(put));
  CHECK(leader.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("without a majority a write is never acknowledged, and a read is refused when its time is over") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  for (const raft::Member& member : kThree.members) {
    if (member.id != leader.settings.raft.self) cluster.cut.insert(member.id);
  }
  const std::uint64_t put = leader.put("a", "1");
  const std::uint64_t get = leader.get("a");
  cluster.pass(std::chrono::seconds(6));
  CHECK(leader.node->status().role != RoleName::leader);
  CHECK(leader.recorder.answers.at(put).outcome == Outcome::unknown);
  CHECK(leader.recorder.answers.at(get).outcome == Outcome::refused);
  const std::uint64_t late = leader.put("a", "2");
  cluster.pass(std::chrono::seconds(6));
  CHECK(leader.recorder.answers.at(late).outcome == Outcome::refused);
}

TEST_CASE("a forward whose leader is gone ends as unknown, and is not sent again") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  Machine& follower = cluster.follower();
  const std::uint64_t put = follower.put("a", "1");
  follower.now = cluster.now;
  follower.run();
  cluster.cut.insert(leader.settings.raft.self);
  follower.node->on_lane(leader.settings.raft.self, Lane::bulk, LaneEvent::down);
  REQUIRE(follower.answered(put));
  CHECK(follower.recorder.answers.at(put).outcome == Outcome::unknown);
  cluster.elect();
  const std::uint64_t get = follower.get("a");
  cluster.pass(milliseconds(200));
  CHECK_FALSE(follower.found(get).has_value());
}

TEST_CASE("a write that the lane did not take waits, and is passed on when there is room") {
  Cluster cluster;
  cluster.elect();
  Machine& follower = cluster.follower();
  follower.peers.up = false;
  const std::uint64_t put = follower.put("a", "1");
  cluster.round();
  CHECK_FALSE(follower.answered(put));
  follower.peers.up = true;
  cluster.pass(milliseconds(50));
  CHECK(follower.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a request that must not be passed on is refused by a follower, which says who leads") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  Machine& follower = cluster.follower();
  follower.node->submit({{1, 900},
                         Access::write,
                         Ordering::free,
                         Forwarding::refused,
                         encoded({TENON_PUT, 0, "a", {}, "1", {}, 0, 0}),
                         cluster.now.steady + milliseconds(500)});
  cluster.round();
  CHECK(follower.recorder.answers.at(900).outcome == Outcome::refused);
  CHECK(follower.recorder.answers.at(900).error == TENON_ERROR_NOT_LEADER);
  CHECK(follower.recorder.answers.at(900).leader == leader.settings.raft.self);
}

TEST_CASE("leadership is handed over when it is asked for, and writes go on") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  const NodeId target = cluster.follower().settings.raft.self;
  const Term before = leader.node->status().term;
  leader.node->transfer_leadership(target);
  cluster.pass(milliseconds(100));
  CHECK(cluster.at(target).node->status().role == RoleName::leader);
  CHECK(cluster.at(target).node->status().term == before.next());
  const std::uint64_t put = leader.put("a", "1");
  cluster.pass(milliseconds(100));
  CHECK(leader.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a follower that was away is sent what storage must read back") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  const NodeId away = cluster.follower().settings.raft.self;
  cluster.cut.insert(away);
  leader.settings.raft.log_cache_bytes_max = 0;
  leader.cache_bytes_max = 0;
  leader.restart();
  Machine& next = cluster.elect();
  for (int i = 0; i < 30; ++i) next.put("key " + std::to_string(i), std::string(100, 'v'));
  cluster.pass(milliseconds(200));
  cluster.cut.clear();
  cluster.pass(std::chrono::seconds(1));
  CHECK(cluster.at(away).node->status().applied_index == next.node->status().applied_index);
  CHECK(cluster.at(away).node->store().key_count() == 30);
}

TEST_CASE("a follower that starts anew without its leader hearing of it learns again what is committed") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  Machine& follower = cluster.follower();
  leader.put("a", "1");
  cluster.pass(milliseconds(100));
  follower.restart();
  const std::uint64_t get = follower.get("a");
  cluster.pass(milliseconds(300));
  CHECK(leader.node->status().role == RoleName::leader);
  CHECK(follower.found(get) == "1");
}

// What a node does with one frame that is not as it should be.
FrameDrop drop_of(Machine& machine, NodeId peer, std::string frame) {
  machine.recorder.frame_drops.clear();
  machine.node->receive(peer, std::make_shared<const std::string>(std::move(frame)));
  REQUIRE(machine.recorder.frame_drops.size() == 1);
  return machine.recorder.frame_drops.front();
}

TEST_CASE("peer frames that are corrupt, of another version, cluster, node, sender or incarnation are dropped") {
  Cluster cluster;
  cluster.elect();
  Machine& machine = cluster.at(NodeId(1));
  const raft::Incarnation known = cluster.at(NodeId(2)).settings.incarnation;
  const auto heartbeat = [](std::string_view to_cluster, NodeId from, raft::Incarnation incarnation, NodeId to) {
    return wire::encode_frame({to_cluster, from, incarnation, to}, raft::Message(raft::Heartbeat{Term(1), {}, 0})).head;
  };
  const std::string good = heartbeat("machines", NodeId(2), known, NodeId(1));
  machine.node->receive(NodeId(2), std::make_shared<const std::string>(good));
  CHECK(machine.recorder.frame_drops.empty());

  std::string corrupt = good;
  corrupt.back() ^= 1;
  CHECK(drop_of(machine, NodeId(2), corrupt) == FrameDrop::corrupt);
  CHECK(drop_of(machine, NodeId(2), "") == FrameDrop::corrupt);
  std::string later = good;
  later[8] = 99;
  const std::uint32_t checksum = crc32c(std::string_view(later).substr(4));
  std::memcpy(later.data(), &checksum, sizeof checksum);
  CHECK(drop_of(machine, NodeId(2), later) == FrameDrop::unknown_version);
  CHECK(drop_of(machine, NodeId(2), heartbeat("others", NodeId(2), known, NodeId(1))) == FrameDrop::other_cluster);
  CHECK(drop_of(machine, NodeId(2), heartbeat("machines", NodeId(2), known, NodeId(3))) == FrameDrop::other_node);
  CHECK(drop_of(machine, NodeId(3), good) == FrameDrop::other_sender);
  const std::string report =
      wire::encode_frame({"machines", NodeId(9), known, NodeId(1)}, wire::NodeReport{Term(1), 1, 0, {}}).head;
  CHECK(drop_of(machine, NodeId(9), report) == FrameDrop::not_a_member);
  const auto from_another_disk = [](const raft::Message& message) {
    return wire::encode_frame({"machines", NodeId(2), {0xbb}, NodeId(1)}, message).head;
  };
  CHECK(drop_of(machine, NodeId(2), from_another_disk(raft::VoteReply{Term(1), raft::Ballot::vote, true})) ==
        FrameDrop::old_incarnation);
  CHECK(drop_of(machine, NodeId(2), from_another_disk(raft::AppendAccepted{Term(1), raft::LogIndex(9)})) ==
        FrameDrop::old_incarnation);
  // A leader was elected by others, and this node may not have heard yet that the number is another node's by now.
  machine.recorder.frame_drops.clear();
  machine.node->receive(NodeId(2),
                        std::make_shared<const std::string>(heartbeat("machines", NodeId(2), {0xbb}, NodeId(1))));
  CHECK(machine.recorder.frame_drops.empty());
}

TEST_CASE("messages of consensus from a node that is no member are for the core to judge") {
  Cluster cluster;
  cluster.elect();
  Machine& machine = cluster.at(NodeId(1));
  const raft::Message vote = raft::VoteReply{Term(1), raft::Ballot::vote, true};
  machine.recorder.frame_drops.clear();
  machine.node->receive(NodeId(9), std::make_shared<const std::string>(
                                       wire::encode_frame({"machines", NodeId(9), {9}, NodeId(1)}, vote).head));
  machine.run();
  CHECK(machine.recorder.frame_drops.empty());
  REQUIRE_FALSE(machine.recorder.message_drops.empty());
  CHECK(machine.recorder.message_drops.back() == raft::Drop::not_a_member);
}

TEST_CASE("a leader that cannot read what it is to apply gives leadership up, though it has nothing to write") {
  Cluster cluster;
  for (const raft::Member& member : kThree.members) {
    cluster.at(member.id).cache_bytes_max = 0;
    cluster.at(member.id).restart();
  }
  Machine& stuck = cluster.elect();
  cluster.reads = [&](const Machine& machine) { return &machine != &stuck; };
  stuck.put("a", "1");
  cluster.pass(milliseconds(300));
  REQUIRE(stuck.node->status().commit_index > stuck.node->status().applied_index);
  cluster.pass(milliseconds(5'000));
  REQUIRE(cluster.leader() != nullptr);
  CHECK(cluster.leader() != &stuck);
  const std::uint64_t put = cluster.leader()->put("b", "2");
  cluster.pass(milliseconds(100));
  CHECK(cluster.leader()->answered(put));
}

}  // namespace
}  // namespace tenon::node
