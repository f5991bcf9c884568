// SPDX-License-Identifier: MIT
// What nodes do whose storage runs short of room for the log.
#include "cluster.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a leader that runs short of room for the log gives leadership up, and its clients go on elsewhere") {
  Cluster cluster;
  Machine& full = cluster.elect();
  full.node->on_space(true);
  cluster.pass(milliseconds(200));
  REQUIRE(cluster.leader() != nullptr);
  CHECK(cluster.leader() != &full);
  CHECK(full.node->status().leader == cluster.leader()->settings.raft.self);
  const std::uint64_t put = full.put("a", "1");
  cluster.pass(milliseconds(50));
  REQUIRE(full.answered(put));
  CHECK(full.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a node that is short of room gives up the leadership that it wins later") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  Machine& full = cluster.follower();
  full.node->on_space(true);
  cluster.pass(milliseconds(50));
  leader.node->transfer_leadership(full.settings.raft.self);
  cluster.pass(milliseconds(500));
  REQUIRE(cluster.leader() != nullptr);
  CHECK(cluster.leader() != &full);
  CHECK(full.node->status().term > raft::Term(2));
  const std::uint64_t put = full.put("a", "1");
  cluster.pass(milliseconds(50));
  CHECK(full.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a leader that is short of room tries another when the one that it gave way to does not take over") {
  Cluster cluster;
  Machine& full = cluster.elect();
  std::set<NodeId> heirs;
  cluster.loses = [&](NodeId to, const wire::Body& body) {
    const auto* message = std::get_if<raft::Message>(&body);
    if (message == nullptr || !std::holds_alternative<raft::TimeoutNow>(*message)) return false;
    heirs.insert(to);
    return true;
  };
  full.node->on_space(true);
  cluster.pass(milliseconds(200));
  CHECK(heirs.size() == 1);
  cluster.pass(milliseconds(20'000));
  CHECK(heirs.size() == 2);
  cluster.loses = nullptr;
  cluster.pass(milliseconds(30'000));
  CHECK(cluster.leader() != &full);
}

TEST_CASE("a leader that is short of room gives way to the one that lacks the least") {
  Cluster cluster;
  Machine& full = cluster.elect();
  const NodeId late = cluster.follower().settings.raft.self;  // the one with the least number
  cluster.loses = [&](NodeId to, const wire::Body& body) {
    const auto* message = std::get_if<raft::Message>(&body);
    return to == late && message != nullptr && std::holds_alternative<raft::Append>(*message);
  };
  full.put("a", "1");
  cluster.pass(milliseconds(200));
  full.node->on_space(true);
  cluster.pass(milliseconds(200));
  REQUIRE(cluster.leader() != nullptr);
  CHECK(cluster.leader() != &full);
  CHECK(cluster.leader()->settings.raft.self != late);
}

TEST_CASE("when every node runs short of room one still leads, refuses growth wherever it is asked, and deletes") {
  Cluster cluster;
  Machine& first = cluster.elect();
  const std::uint64_t put = first.put("a", "1");
  cluster.pass(milliseconds(50));
  REQUIRE(first.answered(put));
  for (const raft::Member& member : kThree.members) cluster.at(member.id).node->on_space(true);
  cluster.pass(milliseconds(500));
  const Machine* leader = cluster.leader();
  REQUIRE(leader != nullptr);
  Machine& follower = cluster.follower();
  const std::uint64_t more = follower.put("b", "2");
  const std::uint64_t erase = follower.submit(Access::write, encoded({TENON_DELETE, 0, "a", {}, {}, {}, 0, 0}));
  cluster.pass(milliseconds(50));
  CHECK(follower.recorder.answers.at(more).outcome == Outcome::refused);
  CHECK(follower.recorder.answers.at(more).error == TENON_ERROR_NO_SPACE);
  CHECK(follower.recorder.answers.at(erase).outcome == Outcome::done);
  cluster.pass(milliseconds(5000));
  CHECK(cluster.leader() == leader);
}

}  // namespace
}  // namespace tenon::node
