// SPDX-License-Identifier: MIT
#include "node/state_comparison.hpp"

#include "support/catch.hpp"

namespace tenon::node {
namespace {

using raft::LogIndex;
using raft::NodeId;
using wire::StateMark;

const NodeId kSelf(1);

raft::Membership voters(std::uint64_t count) {
  raft::Membership members;
  for (std::uint64_t id = 1; id <= count; ++id) members.members.push_back({NodeId(id), {}});
  return members;
}

TEST_CASE("states are kept at multiples of the interval, the newest ones") {
  StateComparison states(4);
  CHECK(states.is_kept(LogIndex(8)));
  CHECK_FALSE(states.is_kept(LogIndex(9)));
  for (std::uint64_t i = 1; i <= 20; ++i) states.applied(LogIndex(4 * i), i);
  REQUIRE(states.own().size() == wire::kReportedStatesMax);
  CHECK(states.own().front() == StateMark{LogIndex(20), 5});
  CHECK(states.own().back() == StateMark{LogIndex(80), 20});
  states.replaced();
  CHECK(states.own().empty());
}

TEST_CASE("equal states are counted once, and say nothing") {
  StateComparison states(1);
  states.applied(LogIndex(1), 11);
  states.applied(LogIndex(2), 22);
  states.reported(NodeId(2), {{LogIndex(2), 22}, {LogIndex(3), 33}});
  StateComparison::Outcome outcome = states.compare(voters(3), kSelf);
  CHECK(outcome.compared == 1);
  CHECK(outcome.difference.empty());
  states.applied(LogIndex(3), 33);  // what was said before this node came so far counts too
  outcome = states.compare(voters(3), kSelf);
  CHECK(outcome.compared == 1);
  CHECK(outcome.difference.empty());
  CHECK(states.compare(voters(3), kSelf).compared == 0);
}

TEST_CASE("a node that a majority holds another state than is odd, and only then") {
  StateComparison states(1);
  states.applied(LogIndex(1), 11);
  states.reported(NodeId(2), {{LogIndex(1), 99}});
  StateComparison::Outcome outcome = states.compare(voters(3), kSelf);
  CHECK_FALSE(outcome.difference.empty());
  CHECK_FALSE(outcome.is_odd);
  outcome = states.compare(voters(3), kSelf);
  CHECK(outcome.difference.empty());  // it was told already
  states.reported(NodeId(3), {{LogIndex(1), 99}});
  outcome = states.compare(voters(3), kSelf);
  CHECK(outcome.is_odd);
  CHECK(outcome.difference ==
        "nodes that have applied index 1 hold different states: 000000000000000b on node 1; 0000000000000063 on node "
        "2, 3");
}

TEST_CASE("the majority is that of the voters, not of those that speak, and others do not count") {
  StateComparison states(1);
  states.applied(LogIndex(1), 11);
  for (const std::uint64_t id : {2u, 3u, 8u, 9u}) states.reported(NodeId(id), {{LogIndex(1), 99}});
  CHECK_FALSE(states.compare(voters(5), kSelf).is_odd);
  states.reported(NodeId(4), {{LogIndex(1), 98}});
  CHECK_FALSE(states.compare(voters(5), kSelf).is_odd);
  states.reported(NodeId(5), {{LogIndex(1), 99}});
  CHECK(states.compare(voters(5), kSelf).is_odd);
}

TEST_CASE("a tie makes nobody odd") {
  StateComparison two(1);
  two.applied(LogIndex(1), 11);
  two.reported(NodeId(2), {{LogIndex(1), 99}});
  CHECK_FALSE(two.compare(voters(2), kSelf).is_odd);
  StateComparison four(1);
  four.applied(LogIndex(1), 11);
  four.reported(NodeId(2), {{LogIndex(1), 11}});
  four.reported(NodeId(3), {{LogIndex(1), 99}});
  four.reported(NodeId(4), {{LogIndex(1), 99}});
  const StateComparison::Outcome outcome = four.compare(voters(4), kSelf);
  CHECK_FALSE(outcome.is_odd);
  CHECK(outcome.compared == 3);
  CHECK_FALSE(outcome.difference.empty());
}

TEST_CASE("a node of the majority tells who is odd, and goes on") {
  StateComparison states(1);
  states.applied(LogIndex(1), 11);
  states.reported(NodeId(2), {{LogIndex(1), 11}});
  states.reported(NodeId(3), {{LogIndex(1), 99}});
  const StateComparison::Outcome outcome = states.compare(voters(3), kSelf);
  CHECK_FALSE(outcome.is_odd);
  CHECK(outcome.difference.find("0000000000000063 on node 3") != std::string::npos);
}

}  // namespace
}  // namespace tenon::node
