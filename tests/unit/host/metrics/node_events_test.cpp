// SPDX-License-Identifier: MIT
#include "host/metrics/node_events.hpp"

#include <algorithm>

#include "fake_logger.hpp"
#include "support/catch.hpp"

namespace tenon::host {
namespace {

using raft::NodeId;
using raft::RoleName;
using raft::Term;

raft::RoleChanged role(RoleName name, std::uint64_t term, std::uint64_t leader, std::string_view cause) {
  return {name, Term(term), NodeId(leader), cause};
}

double value_of(const Metrics& metrics, const std::string& name, const std::string& labels = {}) {
  for (const MetricValue& value : metrics.values()) {
    if (value.name == name && value.labels == labels) return value.value;
  }
  FAIL("there is no " << name << "{" << labels << "}");
  return 0;
}

TEST_CASE("each change of role is a line with term and reason") {
  FakeLogger logger;
  Metrics metrics;
  NodeEvents events(logger, metrics);
  events.role_changed(role(RoleName::candidate, 3, 0, "it asks for votes"));
  events.role_changed(role(RoleName::leader, 3, 1, "a majority voted for it"));
  events.role_changed(role(RoleName::follower, 4, 0, "its disk stands still"));
  events.role_changed(role(RoleName::follower, 4, 2, "a leader was heard of"));
  CHECK(logger.lines() == std::vector<std::string>{
                              "raft: asks to be elected, term 3: it asks for votes",
                              "raft: leads in term 3: a majority voted for it",
                              "raft: leads no more, term 4: its disk stands still",
                              "raft: follows node 2 in term 4",
                          });
  CHECK(value_of(metrics, "tenon_raft_leader_changes_total") == 2);
}

TEST_CASE("each vote is a line with the candidate, the term and why") {
  const auto line = [](raft::Ballot ballot, raft::Verdict verdict) {
    return vote_line({NodeId(2), Term(5), ballot, verdict});
  };
  CHECK(line(raft::Ballot::vote, raft::Verdict::granted) ==
        "votes for node 2 in term 5: its log goes at least as far as that of this node");
  CHECK(line(raft::Ballot::vote, raft::Verdict::old_log) ==
        "refuses its vote to node 2 in term 5: its log ends before that of this node");
  CHECK(line(raft::Ballot::vote, raft::Verdict::voted) ==
        "refuses its vote to node 2 in term 5: the vote of this term went to another");
  CHECK(line(raft::Ballot::pre_vote, raft::Verdict::lease) ==
        "would not vote for node 2 in term 5: the leader is heard of");
}

TEST_CASE("votes are told of at info, those that only would be at debug, and all are counted") {
  FakeLogger logger(TENON_SEVERITY_INFO);
  Metrics metrics;
  NodeEvents events(logger, metrics);
  events.vote_decided({NodeId(2), Term(5), raft::Ballot::pre_vote, raft::Verdict::granted});
  events.vote_decided({NodeId(2), Term(5), raft::Ballot::vote, raft::Verdict::granted});
  events.vote_decided({NodeId(3), Term(5), raft::Ballot::vote, raft::Verdict::voted});
  CHECK(logger.lines().size() == 2);
  CHECK(value_of(metrics, "tenon_raft_votes_total", "verdict=\"granted\"") == 2);
  CHECK(value_of(metrics, "tenon_raft_votes_total", "verdict=\"refused\"") == 1);
}

TEST_CASE("the answers to heartbeats are observed for each follower") {
  FakeLogger logger(TENON_SEVERITY_INFO);
  Metrics metrics;
  NodeEvents events(logger, metrics);
  events.heartbeat_answered({NodeId(2), std::chrono::milliseconds(30)});
  events.heartbeat_answered({NodeId(2), std::chrono::milliseconds(70)});
  events.heartbeat_answered({NodeId(3), std::chrono::milliseconds(5)});
  CHECK(value_of(metrics, "tenon_raft_heartbeat_duration_seconds", "peer=\"2\"") == Approx(0.1));
  CHECK(value_of(metrics, "tenon_raft_heartbeat_duration_seconds", "peer=\"3\"") == Approx(0.005));
}

TEST_CASE("states that differ are told of as an error and counted, and so is what was compared") {
  FakeLogger logger(TENON_SEVERITY_ERROR);
  Metrics metrics;
  NodeEvents events(logger, metrics);
  events.states_compared(3);
  events.states_compared(2);
  events.states_differ("nodes hold different states");
  CHECK(logger.lines() == std::vector<std::string>{"node: nodes hold different states"});
  CHECK(value_of(metrics, "tenon_state_hashes_compared_total") == 5);
  CHECK(value_of(metrics, "tenon_state_hash_mismatches_total") == 1);
  events.frame_dropped(node::FrameDrop::absurd_clock);
  CHECK(value_of(metrics, "tenon_frames_dropped_total", "reason=\"absurd_clock\"") == 1);
}

TEST_CASE("a membership is told of once, and then how it changes") {
  FakeLogger logger;
  Metrics metrics;
  NodeEvents events(logger, metrics);
  raft::Membership members{{{NodeId(1)}, {NodeId(2)}}};
  events.membership_is(members);
  events.membership_is(members);
  members.members[1].incarnation[0] = 0xab;
  events.membership_is(members);
  members.members.push_back({NodeId(3)});
  members.members.erase(members.members.begin());
  events.membership_is(members);
  const std::vector<std::string> lines = logger.lines();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "raft: the voters are 1, 2");
  CHECK(lines[1] == "raft: node 2 is known by its data directory ab000000000000000000000000000000 from now on");
  CHECK(lines[2] == "raft: node 3 is a voter now; the voters are 2, 3");
  CHECK(lines[3] == "raft: node 1 is no member any more; the voters are 2, 3");
}

TEST_CASE("the lag of a peer is what the leader has beyond it") {
  node::Status status;
  status.role = RoleName::leader;
  status.term = Term(7);
  status.last_index = raft::LogIndex(10);
  status.peers = {{NodeId(2), raft::ProgressState::replicate, raft::LogIndex(8), raft::LogIndex(9)}};
  const std::vector<MetricValue> values = status_metrics(status, raft::Instant());
  const auto lag = std::find_if(values.begin(), values.end(), [](const MetricValue& value) {
    return value.name == "tenon_raft_replication_lag_entries";
  });
  REQUIRE(lag != values.end());
  CHECK((lag->labels == "peer=\"2\"" && lag->value == 2));
  CHECK((values[0].name == "tenon_raft_term" && values[0].value == 7));
  CHECK((values[1].name == "tenon_raft_is_leader" && values[1].value == 1));
}

}  // namespace
}  // namespace tenon::host
