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

// A cluster whose node 1 stands, has a majority of pre-votes and has its own vote on disk.
void stand(RaftCluster& cluster) {
  cluster.timeout(kNode1);
  cluster.deliver({.kind = "pre-vote"});
  cluster.deliver({.kind = "pre-vote-reply"});
  cluster.write_durable(kNode1);
}

TEST_CASE("5.1: a node that hears of a later term adopts it, and follows") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.inject(kNode2, kNode1, raft::HeartbeatReply{Term(9), 0, {}});
  cluster.deliver({.to = kNode1});
  CHECK(cluster.raft(kNode1).term() == Term(9));
  CHECK(cluster.raft(kNode1).role() == RoleName::follower);
}

TEST_CASE("5.1: a message of an earlier term is refused, and its sender is told the later one") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.elect(kNode2);  // nobody votes for it while the leader is heard of
  cluster.inject(kNode3, kNode1, Append{Term(0), LogIndex(5), Term(0), LogIndex(5), {}});
  cluster.drop({.from = kNode1});
  cluster.deliver({.to = kNode1});
  CHECK(cluster.dropped(kNode1, raft::Drop::old_term) == 1);
  const std::vector<InFlight> told = cluster.under_way({.to = kNode3, .kind = "heartbeat-reply"});
  REQUIRE(told.size() == 1);
  CHECK(raft::term_of(told.front().message) == cluster.raft(kNode1).term());
}

TEST_CASE("5.2: a follower that hears of no leader for an election timeout stands") {
  RaftCluster cluster;
  CHECK(cluster.raft(kNode1).role() == RoleName::follower);
  cluster.timeout(kNode1);
  CHECK(cluster.raft(kNode1).role() == RoleName::candidate);
}

TEST_CASE("5.2: a candidate raises its term and votes for itself") {
  RaftCluster cluster;
  stand(cluster);
  CHECK(cluster.raft(kNode1).term() == Term(1));
  CHECK(cluster.disk(kNode1).hard_state == raft::HardState{Term(1), kNode1});
}

TEST_CASE("5.2: one leader is elected, and a write commits on all") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  REQUIRE(cluster.raft(kNode1).role() == RoleName::leader);
  cluster.propose(kNode1, "a");
  cluster.stabilize();
  for (const NodeId node : {kNode1, kNode2, kNode3}) {
    CHECK(cluster.raft(node).commit_index() == LogIndex(2));
    CHECK(cluster.texts(node) == std::vector<std::string>{"-", "a"});
  }
}

TEST_CASE("5.2: a node votes for one candidate in a term, the first that asks") {
  RaftCluster cluster;
  stand(cluster);
  cluster.deliver({.to = kNode2, .kind = "vote"});
  cluster.write_durable(kNode2);
  cluster.inject(kNode3, kNode2,
                 raft::VoteRequest{Term(1), raft::Ballot::vote, raft::Cause::transfer, LogIndex(9), Term(9)});
  cluster.deliver({.from = kNode3, .to = kNode2});
  CHECK(cluster.disk(kNode2).hard_state.voted_for == kNode1);
  const std::vector<InFlight> answers = cluster.under_way({.to = kNode3, .kind = "vote-reply"});
  REQUIRE(answers.size() == 1);
  CHECK_FALSE(std::get<raft::VoteReply>(answers.front().message).granted);
}

TEST_CASE("5.2: a vote waits for the disk") {
  RaftCluster cluster;
  stand(cluster);
  cluster.deliver({.kind = "vote"});
  CHECK(cluster.under_way({.kind = "vote-reply"}).empty());
  cluster.write_durable(kNode3);
  CHECK(cluster.under_way({.kind = "vote-reply"}).size() == 1);
}

TEST_CASE("5.2: a candidate that hears of a leader of its term follows") {
  RaftCluster cluster;
  stand(cluster);
  cluster.inject(kNode2, kNode1, Heartbeat{Term(1), LogIndex(), 1});
  cluster.deliver({.from = kNode2, .to = kNode1, .kind = "heartbeat"});
  CHECK(cluster.raft(kNode1).role() == RoleName::follower);
  CHECK(cluster.raft(kNode1).leader() == kNode2);
}

TEST_CASE("5.2: a leader sends heartbeats, and followers that hear them do not stand") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  for (int i = 0; i < 40; ++i) {
    cluster.advance(milliseconds(50));
    cluster.stabilize();
  }
  CHECK(cluster.raft(kNode1).role() == RoleName::leader);
  CHECK(cluster.raft(kNode2).term() == Term(1));
}

TEST_CASE("5.2: election timeouts differ from node to node, so that one stands first") {
  RaftCluster cluster;
  CHECK(cluster.raft(kNode1).next_deadline() != cluster.raft(kNode2).next_deadline());
  CHECK(cluster.raft(kNode2).next_deadline() != cluster.raft(kNode3).next_deadline());
}

TEST_CASE("5.2: a split vote ends with another election") {
  RaftCluster cluster({.voters = 4});
  cluster.timeout(kNode1);
  cluster.drop();
  cluster.timeout(kNode1);
  cluster.stabilize();
  CHECK(cluster.raft(kNode1).role() == RoleName::leader);
}

TEST_CASE("9.6 of the thesis: a pre-vote changes no term") {
  RaftCluster cluster;
  cluster.timeout(kNode2);
  cluster.deliver({.kind = "pre-vote"});
  for (const NodeId node : {kNode1, kNode2, kNode3}) CHECK(cluster.raft(node).term() == Term(0));
}

TEST_CASE("4.2.3 of the thesis: nobody votes while it hears of a leader, unless that leader hands over") {
  RaftCluster cluster;
  cluster.elect(kNode1);
  cluster.inject(kNode3, kNode2,
                 raft::VoteRequest{Term(7), raft::Ballot::vote, raft::Cause::timeout, LogIndex(9), Term(6)});
  cluster.deliver({.from = kNode3, .to = kNode2});
  CHECK(cluster.dropped(kNode2, raft::Drop::lease) == 1);
  CHECK(cluster.raft(kNode2).term() == Term(1));
  cluster.transfer(kNode1, kNode2);
  cluster.stabilize();
  CHECK(cluster.raft(kNode2).role() == RoleName::leader);
  CHECK(cluster.raft(kNode2).term() == Term(2));
}

}  // namespace
}  // namespace tenon::support
