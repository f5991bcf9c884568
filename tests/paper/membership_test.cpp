// SPDX-License-Identifier: MIT
// The section numbers are those of the thesis.
#include <algorithm>
#include <utility>

#include "support/catch.hpp"
#include "support/raft_cluster.hpp"

namespace tenon::support {
namespace {

using raft::Drop;
using raft::LogIndex;
using raft::NodeId;
using raft::Rejection;
using raft::RoleName;
using raft::Standing;
using raft::Term;
using std::chrono::milliseconds;

// Node 1 leads three voters and the learners behind them, which have its log.
struct Led {
  explicit Led(std::size_t voters, std::size_t learners) : cluster({.voters = voters, .joining = learners}) {
    cluster.elect(kNode1);
    for (std::size_t i = 0; i < learners; ++i) {
      cluster.add_learner(kNode1, NodeId(voters + 1 + i));
      cluster.run(milliseconds(50));
    }
  }
  void change(const std::vector<NodeId>& voters) {
    cluster.enter_joint(kNode1, voters);
    cluster.run(milliseconds(50));
    cluster.leave_joint(kNode1);
    cluster.run(milliseconds(50));
  }
  LogIndex committed() const { return cluster.raft(kNode1).commit_index(); }
  RaftCluster cluster;
};

TEST_CASE("4.1: a membership is in force once it is appended, and no more once its entry is gone") {
  RaftCluster cluster({.joining = 1});
  cluster.elect(kNode1);
  cluster.isolate(kNode3);
  cluster.add_learner(kNode1, kNode4);
  CHECK(cluster.raft(kNode1).membership().find(kNode4) != nullptr);
  CHECK(cluster.raft(kNode1).commit_index() < cluster.raft(kNode1).log().membership_index());
  cluster.deliver({.to = kNode2});
  CHECK(cluster.raft(kNode2).membership().find(kNode4) != nullptr);
  cluster.lose_unsynced(kNode2);
  cluster.isolate(kNode1);
  cluster.restart(kNode2);
  CHECK(cluster.raft(kNode2).membership().find(kNode4) == nullptr);
  cluster.heal();
  cluster.isolate(kNode1);
  cluster.run(milliseconds(3000));
  cluster.heal();
  cluster.run(milliseconds(1000));
  CHECK(cluster.raft(kNode1).membership().find(kNode4) == nullptr);
}

TEST_CASE("4.1: no membership is proposed before the one before it is committed") {
  Led led(3, 1);
  led.cluster.isolate(kNode2);
  led.cluster.isolate(kNode3);
  const raft::Token first = led.cluster.enter_joint(kNode1, {kNode1, kNode2});
  const raft::Token second = led.cluster.remove_learner(kNode1, kNode4);
  CHECK(led.cluster.outcome(first).proposed.has_value());
  CHECK(led.cluster.outcome(second).rejected == Rejection::change_undecided);
}

// The fault that was found in the changes of one node at a time of the thesis, and mended in 2015.
TEST_CASE("4.1: a leader proposes no membership before it has committed an entry of its term") {
  RaftCluster cluster({.voters = 4});
  cluster.elect(kNode1);
  cluster.isolate(kNode1);
  cluster.timeout(kNode2);
  while (cluster.raft(kNode2).role() != RoleName::leader) {
    std::size_t moved = cluster.deliver();
    for (const NodeId node : {kNode2, kNode3, kNode4}) moved += cluster.write_durable(node);
    REQUIRE(moved > 0);
  }
  const raft::Token early = cluster.enter_joint(kNode2, {kNode2, kNode3});
  CHECK(cluster.outcome(early).rejected == Rejection::term_undecided);
  cluster.stabilize();
  const raft::Token later = cluster.enter_joint(kNode2, {kNode2, kNode3});
  CHECK(cluster.outcome(later).proposed.has_value());
}

TEST_CASE("4.2.1: a learner gets the log, and neither its acknowledgements nor its votes count") {
  Led led(3, 2);
  CHECK(led.cluster.disk(kNode5).last() == led.cluster.raft(kNode1).log().last_index());
  const LogIndex committed = led.committed();
  led.cluster.isolate(kNode2);
  led.cluster.isolate(kNode3);
  led.cluster.propose(kNode1, "not by learners");
  led.cluster.run(milliseconds(100));
  CHECK(led.cluster.disk(kNode5).last() > committed);
  CHECK(led.committed() == committed);
  led.cluster.run(milliseconds(3000));
  CHECK(led.cluster.raft(kNode1).role() != RoleName::leader);
  CHECK(led.cluster.raft(kNode4).term() == Term(1));
  CHECK_FALSE(led.cluster.raft(kNode4).next_deadline().has_value());
}

TEST_CASE("4.2.1: a node that joins waits for a leader, however long, and stands for nothing") {
  RaftCluster cluster({.voters = 1, .joining = 1});
  CHECK_FALSE(cluster.raft(kNode2).next_deadline().has_value());
  cluster.inject(kNode1, kNode2, raft::TimeoutNow{Term(1), LogIndex(), Term()});
  cluster.stabilize();
  CHECK(cluster.raft(kNode2).role() == RoleName::follower);
  CHECK(cluster.dropped(kNode2, Drop::not_electable) == 1);
}

TEST_CASE("4.2.2: a leader that leaves does not count itself, and leads until that is committed") {
  Led led(3, 0);
  led.cluster.enter_joint(kNode1, {kNode2, kNode3});
  led.cluster.run(milliseconds(50));
  led.cluster.isolate(kNode3);
  led.cluster.leave_joint(kNode1);
  led.cluster.run(milliseconds(100));
  // It and node 2 would be a majority of three.
  CHECK(led.committed() < led.cluster.raft(kNode1).log().membership_index());
  CHECK(led.cluster.raft(kNode1).role() == RoleName::leader);
  led.cluster.heal();
  led.cluster.run(milliseconds(300));
  CHECK(led.cluster.raft(kNode1).role() == RoleName::follower);
  CHECK(led.cluster.raft(kNode1).is_removed());
  CHECK(led.cluster.raft(kNode2).leader() != NodeId());
  CHECK(led.cluster.raft(kNode2).leader() != kNode1);
}

TEST_CASE("4.2.2: a leader that leaves ends in time, though nobody takes over") {
  Led led(3, 0);
  led.cluster.enter_joint(kNode1, {kNode2, kNode3});
  led.cluster.run(milliseconds(50));
  led.cluster.leave_joint(kNode1);
  led.cluster.deliver({.kind = "append"});
  led.cluster.write_durable(kNode2);
  led.cluster.write_durable(kNode3);
  led.cluster.deliver({.kind = "accepted"});
  REQUIRE(led.committed() == led.cluster.raft(kNode1).log().membership_index());
  // Both go on answering, and are never told to stand.
  for (int i = 0; i < 250; ++i) {
    led.cluster.drop({.kind = "timeout-now"});
    led.cluster.advance(milliseconds(10));
    led.cluster.drop({.kind = "timeout-now"});
    led.cluster.stabilize();
  }
  CHECK(led.cluster.raft(kNode1).role() == RoleName::follower);
  CHECK(led.cluster.raft(kNode1).is_removed());
}

TEST_CASE("4.2.3: a node that was removed changes neither leader nor term when it returns, whatever its term") {
  Led led(3, 0);
  led.cluster.isolate(kNode3);
  led.change({kNode1, kNode2});
  led.cluster.heal();
  const Term later(9);
  for (const NodeId to : {kNode1, kNode2}) {
    for (const raft::Cause cause : {raft::Cause::timeout, raft::Cause::transfer}) {
      led.cluster.inject(kNode3, to, raft::VoteRequest{later, raft::Ballot::pre_vote, cause, LogIndex(1), Term(1)});
      led.cluster.inject(kNode3, to, raft::VoteRequest{later, raft::Ballot::vote, cause, LogIndex(1), Term(1)});
    }
    led.cluster.inject(kNode3, to, raft::VoteReply{later, raft::Ballot::vote, false});
    led.cluster.inject(kNode3, to, raft::HeartbeatReply{later, 0, {}});
    led.cluster.inject(kNode3, to, raft::AppendRejected{later, LogIndex(1), {}, {}});
    led.cluster.inject(kNode3, to, raft::AppendAccepted{later, LogIndex(1)});
    led.cluster.inject(kNode3, to, raft::ReadIndexRequest{later, 7});
  }
  led.cluster.run(milliseconds(20'000));
  CHECK(led.cluster.raft(kNode1).role() == RoleName::leader);
  CHECK(led.cluster.raft(kNode1).term() == Term(1));
  CHECK(led.cluster.raft(kNode2).term() == Term(1));
  CHECK(led.cluster.raft(kNode3).is_removed());
  CHECK(led.cluster.dropped(kNode1, Drop::not_a_member) == 5);
}

TEST_CASE("4.2.3: what a leader tells a node that it has removed ends after a bounded time") {
  Led led(3, 0);
  led.cluster.isolate(kNode3);
  led.change({kNode1, kNode2});
  led.cluster.run(milliseconds(9000));
  led.cluster.heal();
  led.cluster.advance(milliseconds(100));
  CHECK_FALSE(led.cluster.under_way({.from = kNode1, .to = kNode3}).empty());
  led.cluster.drop();
  led.cluster.isolate(kNode3);
  led.cluster.run(milliseconds(2000));
  led.cluster.heal();
  led.cluster.drop();
  led.cluster.advance(milliseconds(100));
  CHECK(led.cluster.under_way({.from = kNode1, .to = kNode3}).empty());
}

TEST_CASE("4.2.3: that it was removed is old news to a node that was added again") {
  Led led(3, 0);
  led.change({kNode1, kNode2});
  const LogIndex removal = led.cluster.raft(kNode1).log().membership_index();
  CHECK(led.cluster.raft(kNode3).is_removed());
  led.cluster.add_learner(kNode1, kNode3);
  led.cluster.run(milliseconds(50));
  CHECK_FALSE(led.cluster.raft(kNode3).is_removed());
  led.change({kNode1, kNode2, kNode3});
  led.cluster.inject(kNode2, kNode3, raft::Removed{Term(1), removal, Term(1)});
  led.cluster.stabilize();
  CHECK_FALSE(led.cluster.raft(kNode3).is_removed());
  led.cluster.crash(kNode1, 0);
  led.cluster.elect(kNode3);
  CHECK(led.cluster.raft(kNode3).role() == RoleName::leader);
}

TEST_CASE("4.2.3: a node that is not known yet is voted for by its log, and not told that it was removed") {
  Led led(3, 1);
  led.cluster.crash(kNode1, 0);
  led.cluster.isolate(kNode3);
  led.cluster.run(milliseconds(2000));
  led.cluster.inject(kNode5, kNode2,
                     raft::VoteRequest{Term(50), raft::Ballot::pre_vote, raft::Cause::timeout, LogIndex(90), Term(40)});
  led.cluster.deliver({.from = kNode5});
  const std::vector<InFlight> answers = led.cluster.under_way({.to = kNode5});
  REQUIRE(answers.size() == 1);
  const auto* reply = std::get_if<raft::VoteReply>(&answers.front().message);
  REQUIRE(reply != nullptr);
  CHECK(reply->granted);
}

TEST_CASE("4.3: while a membership is joint, a commit takes a majority of each set") {
  for (const auto& [one, other] : {std::pair(kNode2, kNode3), std::pair(kNode4, kNode5)}) {
    Led led(3, 2);
    led.cluster.isolate(one);
    led.cluster.isolate(other);
    led.cluster.enter_joint(kNode1, {kNode1, kNode4, kNode5});
    const LogIndex joint = led.cluster.raft(kNode1).log().membership_index();
    led.cluster.run(milliseconds(100));
    CHECK(led.committed() < joint);
    led.cluster.heal();
    led.cluster.run(milliseconds(100));
    CHECK(led.committed() >= joint);
  }
}

TEST_CASE("4.3: while a membership is joint, an election takes a majority of each set") {
  Led led(3, 2);
  led.cluster.enter_joint(kNode1, {kNode1, kNode4, kNode5});
  led.cluster.run(milliseconds(100));
  // Nodes 2, 3 and 4 are a majority of the old set, and of all, but not of the new one.
  led.cluster.crash(kNode1, 0);
  led.cluster.isolate(kNode5);
  led.cluster.run(milliseconds(3000));
  for (const NodeId node : {kNode2, kNode3, kNode4}) CHECK(led.cluster.raft(node).role() != RoleName::leader);
  led.cluster.heal();
  led.cluster.run(milliseconds(3000));
  CHECK(led.cluster.raft(kNode2).leader() != NodeId());
}

TEST_CASE("4.3: leaders that fail on the way do not stop a change of all voters at once") {
  Led led(3, 3);
  const std::vector<NodeId> others = {kNode4, kNode5, NodeId(6)};
  led.cluster.enter_joint(kNode1, others);
  led.cluster.run(milliseconds(50));
  led.cluster.crash(kNode1, 0);
  led.cluster.run(milliseconds(2000));
  const NodeId second = led.cluster.raft(kNode2).leader();
  REQUIRE(second != NodeId());
  CHECK(led.cluster.raft(second).membership().is_joint());
  led.cluster.leave_joint(second);
  led.cluster.run(milliseconds(2000));
  const NodeId third = led.cluster.raft(kNode4).leader();
  CHECK(std::find(others.begin(), others.end(), third) != others.end());
  CHECK(led.cluster.raft(kNode2).is_removed());
  CHECK(led.cluster.raft(kNode3).is_removed());
  led.cluster.restart(kNode1);
  led.cluster.run(milliseconds(3000));
  CHECK(led.cluster.raft(kNode1).is_removed());
  CHECK(led.cluster.raft(kNode4).leader() == third);
}

}  // namespace
}  // namespace tenon::support
