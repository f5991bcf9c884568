// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::RoleName;
using raft::Term;
using std::chrono::milliseconds;

TEST_CASE("5.4.1: a candidate whose log is behind is not voted for") {
  ClusterOptions options;
  options.logs = {{kNode1, {1}}, {kNode2, {1, 1}}, {kNode3, {1, 1}}};
  RaftCluster cluster(options);
  cluster.elect(kNode1);
  CHECK(cluster.raft(kNode1).role() != RoleName::leader);
  cluster.elect(kNode2);
  CHECK(cluster.raft(kNode2).role() == RoleName::leader);
}

TEST_CASE("5.4.1: of two logs the one with the later term is the newer, however long the other is") {
  ClusterOptions options;
  options.logs = {{kNode1, {1, 1, 1, 1, 1}}, {kNode2, {1, 2}}, {kNode3, {1, 2}}};
  RaftCluster cluster(options);
  cluster.elect(kNode1);
  CHECK(cluster.raft(kNode1).role() != RoleName::leader);
  cluster.elect(kNode2);
  CHECK(cluster.raft(kNode2).role() == RoleName::leader);
}

TEST_CASE("5.4.2: an entry of an old term is not committed by counting") {
  ClusterOptions options;
  options.voters = 5;
  options.settings.append_entries_max = 1;
  options.logs = {{kNode1, {1, 2}}, {kNode2, {1, 2}}, {kNode3, {1}}, {kNode4, {1}}, {kNode5, {1}}};
  RaftCluster cluster(options);
  cluster.isolate(kNode5);
  cluster.timeout(kNode1);
  while (cluster.raft(kNode1).role() != RoleName::leader) {
    std::size_t moved = cluster.deliver();
    for (const NodeId node : {kNode1, kNode2, kNode3, kNode4}) moved += cluster.write_durable(node);
    REQUIRE(moved > 0);
  }
  const Term term = cluster.raft(kNode1).term();
  cluster.drop({.to = kNode2});
  cluster.drop({.kind = "heartbeat"});
  // Both lack the entry of term 2, refuse, are sent it alone, and acknowledge it.
  for (const NodeId node : {kNode3, kNode4}) {
    CHECK(cluster.deliver({.to = node, .kind = "append"}) == 1);
    CHECK(cluster.deliver({.from = node, .kind = "rejected"}) == 1);
    CHECK(cluster.deliver({.to = node, .kind = "append"}) == 1);
    cluster.write_durable(node);
    REQUIRE(cluster.deliver({.from = node, .kind = "accepted"}) == 1);
    cluster.drop({.to = node});
    CHECK(cluster.disk(node).entries.back().term == Term(2));
  }
  CHECK(cluster.disk(kNode3).entries.size() == 2);
  CHECK(cluster.disk(kNode4).entries.size() == 2);
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(0));
  // With an entry of its own term on a majority the older ones are committed too.
  cluster.advance(std::chrono::milliseconds(50));
  cluster.stabilize();
  cluster.advance(std::chrono::milliseconds(50));
  cluster.stabilize();
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(3));
  CHECK(cluster.raft(kNode1).term() == term);
}

TEST_CASE("5.4.3: what is committed survives every later leader") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  for (const NodeId next : {kNode2, kNode3, kNode1}) {
    const NodeId leader = cluster.raft(next).leader();
    cluster.transfer(leader, next);
    cluster.stabilize();
    REQUIRE(cluster.raft(next).role() == RoleName::leader);
    CHECK(cluster.texts(next).at(1) == "a");
  }
}

TEST_CASE("5.4: what was not durable is lost, and nothing acknowledged with it") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  cluster.propose(kNode1, "b");
  cluster.lose_unsynced(kNode1);
  cluster.drop();
  cluster.restart(kNode1);
  CHECK(cluster.texts(kNode1) == std::vector<std::string>{"-", "a"});
  cluster.elect(kNode2);
  CHECK(cluster.texts(kNode2).at(1) == "a");
}

TEST_CASE("5.6: a restart forgets neither term nor vote") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.crash(kNode2, 0);
  cluster.restart(kNode2);
  CHECK(cluster.raft(kNode2).hard_state() == raft::HardState{Term(1), kNode1});
}

TEST_CASE("a node whose write fails stops, and the others go on") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.fail_write(kNode1);
  cluster.stabilize();
  cluster.elect(kNode2);
  CHECK(cluster.raft(kNode2).role() == RoleName::leader);
}

}  // namespace
}  // namespace tenon::support
