// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {
namespace {

using raft::Append;
using raft::Heartbeat;
using raft::LogIndex;
using raft::NodeId;
using raft::RoleName;
using raft::Term;
using std::chrono::milliseconds;

TEST_CASE("5.3: a leader appends what it is given, and sends it to all") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  CHECK(cluster.texts(kNode1) == std::vector<std::string>{"-", "a"});
  CHECK(cluster.under_way({.kind = "append"}).size() == 2);
}

TEST_CASE("5.3: an entry is committed when a majority has it, and not before") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.write_durable(kNode1);
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(1));
  cluster.deliver({.to = kNode2});
  cluster.write_durable(kNode2);
  cluster.deliver({.to = kNode1});
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(2));
}

TEST_CASE("5.3: followers learn what is committed from the leader") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  CHECK(cluster.raft(kNode3).commit_index() == LogIndex(2));
}

TEST_CASE("5.3: a follower refuses what does not go on from an entry that it has") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.inject(kNode1, kNode2, Append{Term(1), LogIndex(7), Term(1), LogIndex(1), {}});
  cluster.deliver({.to = kNode2});
  const std::vector<InFlight> answers = cluster.under_way({.from = kNode2, .kind = "rejected"});
  REQUIRE(answers.size() == 1);
  CHECK(std::get<raft::AppendRejected>(answers.front().message).previous_index == LogIndex(7));
}

TEST_CASE("5.3: a leader brings every log to its own, whatever was in it (figure 7)") {
  ClusterOptions options;
  options.voters = 7;
  options.logs = {{kNode1, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6}},
                  {kNode2, {1, 1, 1, 4, 4, 5, 5, 6, 6}},
                  {kNode3, {1, 1, 1, 4}},
                  {kNode4, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}},
                  {kNode5, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}},
                  {NodeId(6), {1, 1, 1, 4, 4, 4, 4}},
                  {NodeId(7), {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}}};
  RaftCluster cluster(options);
  cluster.elect(kNode1);
  cluster.timeout(kNode1);
  cluster.stabilize();
  REQUIRE(cluster.raft(kNode1).role() == RoleName::leader);
  for (int i = 0; i < 3; ++i) {
    cluster.advance(milliseconds(50));
    cluster.stabilize();
  }
  for (std::uint64_t node = 2; node <= 7; ++node) CHECK(cluster.terms(NodeId(node)) == cluster.terms(kNode1));
}

TEST_CASE("5.3: a delayed shorter append truncates nothing") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  const std::vector<InFlight> old = cluster.under_way({.to = kNode2, .kind = "append"});
  REQUIRE(old.size() == 1);
  cluster.propose(kNode1, "b");
  cluster.stabilize();
  cluster.inject(kNode1, kNode2, old.front().message);
  cluster.stabilize();
  CHECK(cluster.texts(kNode2) == std::vector<std::string>{"-", "a", "b"});
}

TEST_CASE("5.3: a heartbeat commits only what an append has verified") {
  ClusterOptions options;
  options.logs = {{kNode2, {1, 1}}};
  RaftCluster cluster(options);
  cluster.inject(kNode1, kNode2, Heartbeat{Term(2), LogIndex(2), 1});
  cluster.deliver();
  CHECK(cluster.raft(kNode2).term() == Term(2));
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(0));
}

TEST_CASE("5.5: requests may come twice and do no harm") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  for (const InFlight& one : cluster.under_way()) cluster.inject(one.from, one.to, one.message);
  cluster.stabilize();
  for (const NodeId node : {kNode1, kNode2, kNode3}) {
    CHECK(cluster.texts(node) == std::vector<std::string>{"-", "a"});
    CHECK(cluster.raft(node).commit_index() == LogIndex(2));
  }
}

TEST_CASE("5.5: a follower that was away is sent what it missed") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.lose_unsynced(kNode3);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(2));
  cluster.restart(kNode3);
  for (int i = 0; i < 3; ++i) {
    cluster.advance(milliseconds(50));
    cluster.stabilize();
  }
  CHECK(cluster.texts(kNode3) == std::vector<std::string>{"-", "a"});
}

TEST_CASE("5.3: the commit index travels with the next append, and by itself only when none comes for a while") {
  ClusterOptions options;
  options.settings = raft::Settings{};
  RaftCluster cluster(options);
  cluster.elect(kNode1);
  cluster.advance(options.settings.commit_notice_delay);
  cluster.stabilize();
  REQUIRE(cluster.raft(kNode2).commit_index() == LogIndex(1));

  cluster.propose(kNode1, "a");
  cluster.stabilize();
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(2));
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(1));
  cluster.propose(kNode1, "b");
  cluster.stabilize();
  CHECK(cluster.raft(kNode1).commit_index() == LogIndex(3));
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(2));
  CHECK(cluster.raft(kNode1).next_deadline() == cluster.now() + options.settings.commit_notice_delay);
  cluster.advance(options.settings.commit_notice_delay);
  cluster.stabilize();
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(3));
  CHECK(cluster.raft(kNode3).commit_index() == LogIndex(3));
}

}  // namespace
}  // namespace tenon::support
