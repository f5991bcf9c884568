// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {
namespace {

using raft::Append;
using raft::LogIndex;
using raft::NodeId;
using raft::ProgressState;
using raft::Term;
using std::chrono::milliseconds;

// Node 1 leads, and node 3, whose log `options` may make another, has nothing of what is committed: of that there is an
// image, and the log behind it is empty.
void leave_behind(RaftCluster& cluster) {
  cluster.isolate(kNode3);
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  const LogIndex last = cluster.raft(kNode1).commit_index();
  cluster.take_image(kNode1, last);
  cluster.compact(kNode1, last);
  cluster.heal();
}

void heartbeat(RaftCluster& cluster) {
  cluster.advance(milliseconds(50));
  cluster.deliver({.to = kNode3, .kind = "heartbeat"});
  cluster.write_durable(kNode3);
  cluster.deliver({.from = kNode3, .kind = "heartbeat-reply"});
}

TEST_CASE("7: a log is compacted up to an entry that is committed, and answers for that entry by its term") {
  RaftCluster cluster({.logs = {{kNode1, {1, 1, 2}}, {kNode2, {1, 1, 2}}, {kNode3, {1, 1, 2}}}});
  cluster.elect(kNode1);
  cluster.take_image(kNode1, LogIndex(3));
  cluster.compact(kNode1, LogIndex(3));
  CHECK(cluster.raft(kNode1).log().boundary() == LogIndex(3));
  CHECK(cluster.raft(kNode1).log().term(LogIndex(3)) == Term(2));
  CHECK(cluster.raft(kNode1).log().last_index() == LogIndex(4));
  cluster.write_durable(kNode1);
  CHECK(cluster.disk(kNode1).first == LogIndex(4));
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  CHECK(cluster.raft(kNode3).commit_index() == LogIndex(5));
}

TEST_CASE("7: each node takes its images by itself, and one that restarts goes on from its own") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.propose(kNode1, "a");
  cluster.propose(kNode1, "b");
  cluster.stabilize();
  cluster.take_image(kNode2, LogIndex(2));
  cluster.compact(kNode2, LogIndex(2));
  cluster.write_durable(kNode2);
  cluster.crash(kNode2, 0);
  cluster.restart(kNode2);
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(2));
  CHECK(cluster.texts(kNode2) == std::vector<std::string>{"b"});
  cluster.propose(kNode1, "c");
  cluster.advance(milliseconds(50));
  cluster.stabilize();
  CHECK(cluster.texts(kNode2) == std::vector<std::string>{"b", "c"});
  CHECK(cluster.raft(kNode2).commit_index() == LogIndex(4));
}

TEST_CASE("7: a leader sends an image when it has discarded the next entry that a follower needs") {
  RaftCluster cluster;
  leave_behind(cluster);
  heartbeat(cluster);
  REQUIRE(cluster.images_under_way().size() == 1);
  CHECK(cluster.images_under_way()[0].to == kNode3);
  CHECK(cluster.under_way({.to = kNode3, .kind = "append"}).empty());
  cluster.stabilize();
  CHECK(cluster.raft(kNode3).commit_index() == cluster.raft(kNode1).commit_index());
  CHECK(cluster.raft(kNode1).peers()[1].state == ProgressState::replicate);
}

TEST_CASE("7, figure 13 (7): a log that contradicts the image is discarded whole") {
  RaftCluster cluster({.logs = {{kNode1, {1, 2}}, {kNode2, {1, 2}}, {kNode3, {1, 1, 1, 1, 1, 1, 1, 1}}}});
  leave_behind(cluster);
  heartbeat(cluster);
  cluster.deliver_images(kNode3);
  CHECK(cluster.raft(kNode3).log().boundary() == LogIndex(4));
  CHECK(cluster.texts(kNode3).empty());
  cluster.write_durable(kNode3);
  CHECK(cluster.disk(kNode3).entries.empty());
  CHECK(cluster.disk(kNode3).first == LogIndex(5));
}

TEST_CASE("7, figure 13 (6): a log that holds the last entry of the image keeps what follows it") {
  RaftCluster cluster({.logs = {{kNode1, {1, 1, 1}}, {kNode2, {1, 1, 1}}, {kNode3, {1, 1, 1}}}});
  cluster.isolate(kNode3);
  cluster.elect(kNode1);
  cluster.take_image(kNode1, LogIndex(2));
  cluster.heal();
  // As if a leader had sent it before it learnt what node 3 holds.
  cluster.inject_image(kNode1, kNode3);
  cluster.deliver_images(kNode3);
  CHECK(cluster.raft(kNode3).commit_index() == LogIndex(2));
  CHECK(cluster.texts(kNode3) == std::vector<std::string>{"1.1", "2.1", "3.1"});
  CHECK(cluster.writes_under_way(kNode3).empty());
}

TEST_CASE("7: an install is acknowledged when it is durable, and survives a crash before that") {
  RaftCluster cluster;
  leave_behind(cluster);
  heartbeat(cluster);
  cluster.deliver_images(kNode3);
  CHECK(cluster.under_way({.from = kNode3, .kind = "accepted"}).empty());
  const LogIndex last = cluster.raft(kNode1).commit_index();
  SECTION("durable") {
    cluster.write_durable(kNode3);
    CHECK(cluster.under_way({.from = kNode3, .kind = "accepted"}).size() == 1);
  }
  SECTION("lost") {
    cluster.lose_unsynced(kNode3);
    cluster.restart(kNode3);
  }
  CHECK(cluster.raft(kNode3).commit_index() == last);
  CHECK(cluster.raft(kNode3).log().boundary() == last);
}

TEST_CASE("7: an image that brings nothing new changes nothing, and is answered") {
  RaftCluster cluster;
  leave_behind(cluster);
  heartbeat(cluster);
  cluster.stabilize();
  cluster.propose(kNode1, "b");
  cluster.stabilize();
  const std::vector<std::string> before = cluster.texts(kNode3);
  cluster.inject_image(kNode1, kNode3);
  cluster.deliver_images(kNode3);
  CHECK(cluster.texts(kNode3) == before);
  CHECK(cluster.writes_under_way(kNode3).empty());
  const std::vector<InFlight> answers = cluster.under_way({.from = kNode3, .kind = "accepted"});
  REQUIRE(answers.size() == 1);
  CHECK(std::get<raft::AppendAccepted>(answers[0].message).match_index == cluster.raft(kNode1).commit_index());
}

TEST_CASE("7 and 5.4.1: behind an image a log is as new as the entry where the image ends") {
  RaftCluster cluster;
  leave_behind(cluster);
  cluster.crash(kNode1, 1);
  cluster.restart(kNode1);
  CHECK(cluster.texts(kNode1).empty());
  cluster.advance(milliseconds(499));
  cluster.timeout(kNode3);
  cluster.stabilize();
  CHECK(cluster.raft(kNode3).role() != raft::RoleName::leader);
}

}  // namespace
}  // namespace tenon::support
