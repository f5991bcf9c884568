// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::RoleName;
using std::chrono::milliseconds;

TEST_CASE("8: a leader begins its term with an entry that says nothing") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  CHECK(cluster.texts(kNode1) == std::vector<std::string>{"-"});
}

TEST_CASE("6.4 of the thesis: a read waits for a majority to confirm the leader") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  const raft::Token token = cluster.read(kNode1);
  CHECK_FALSE(cluster.outcome(token).read_index.has_value());
  cluster.stabilize();
  CHECK(cluster.outcome(token).read_index == LogIndex(1));
}

TEST_CASE("6.4 of the thesis: a leader that was deposed without knowing serves no read") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.isolate(kNode1);
  cluster.elect(kNode2);
  REQUIRE(cluster.raft(kNode2).role() == RoleName::leader);
  const raft::Token token = cluster.read(kNode1);
  cluster.stabilize();
  CHECK_FALSE(cluster.outcome(token).read_index.has_value());
  cluster.heal();
  cluster.advance(milliseconds(50));
  cluster.stabilize();
  CHECK(cluster.outcome(token).rejected == raft::Rejection::leadership_lost);
}

TEST_CASE("6.4 of the thesis: a follower serves a read from an index that the leader confirmed") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  const raft::Token token = cluster.read(kNode2);
  cluster.stabilize();
  CHECK(cluster.outcome(token).read_index == LogIndex(2));
}

TEST_CASE("6.4 of the thesis: a new leader serves no read before it has committed in its own term") {
  ClusterOptions options;
  options.logs = {{kNode1, {1}}, {kNode2, {1}}, {kNode3, {1}}};
  RaftCluster cluster(options);
  cluster.timeout(kNode1);
  while (cluster.raft(kNode1).role() != RoleName::leader) {
    std::size_t moved = cluster.deliver();
    for (const NodeId node : {kNode1, kNode2, kNode3}) moved += cluster.write_durable(node);
    REQUIRE(moved > 0);
  }
  const raft::Token token = cluster.read(kNode1);
  cluster.drop({.kind = "append"});
  cluster.deliver({.kind = "heartbeat"});
  cluster.deliver({.kind = "heartbeat-reply"});
  CHECK_FALSE(cluster.outcome(token).read_index.has_value());
  cluster.run(std::chrono::milliseconds(100));  // until another heartbeat finds the entry missing
  CHECK(cluster.outcome(token).read_index == LogIndex(2));
}

}  // namespace
}  // namespace tenon::support
