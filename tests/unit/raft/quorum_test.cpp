// SPDX-License-Identifier: MIT
#include "raft/quorum.hpp"

#include <algorithm>

#include "raft/random.hpp"
#include "raft/types.hpp"
#include "support/catch.hpp"

namespace tenon::raft {
namespace {

// The definition, spelled out: the greatest index that more than half of the voters have reached.
LogIndex counted(const std::vector<LogIndex>& matches) {
  LogIndex best;
  for (const LogIndex candidate : matches) {
    const auto reached =
        std::count_if(matches.begin(), matches.end(), [&](LogIndex match) { return match >= candidate; });
    if (static_cast<std::size_t>(reached) * 2 > matches.size()) best = std::max(best, candidate);
  }
  return best;
}

TEST_CASE("a majority is more than half") {
  CHECK(majority(1) == 1);
  CHECK(majority(2) == 2);
  CHECK(majority(3) == 2);
  CHECK(majority(4) == 3);
  CHECK(majority(5) == 3);
}

TEST_CASE(
    "what a majority has reached is what counting gives, for every cluster of up to four voters and small indexes") {
  for (std::size_t voters = 1; voters <= 4; ++voters) {
    std::size_t combinations = 1;
    for (std::size_t i = 0; i < voters; ++i) combinations *= 5;
    for (std::size_t number = 0; number < combinations; ++number) {
      std::vector<LogIndex> matches;
      for (std::size_t i = 0, rest = number; i < voters; ++i, rest /= 5) matches.emplace_back(rest % 5);
      REQUIRE(majority_reached(std::span(matches)) == counted(matches));
    }
  }
}

TEST_CASE("what a majority has reached is what counting gives, for random large clusters") {
  Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<LogIndex> matches(1 + random.below(9));
    for (LogIndex& match : matches) match = LogIndex(random.below(100));
    REQUIRE(majority_reached(std::span(matches)) == counted(matches));
  }
}

// The same for both sets of voters of a membership, with the definition spelled out.
LogIndex counted(const Membership& membership, const std::vector<LogIndex>& matches) {
  std::vector<LogIndex> before;
  std::vector<LogIndex> after;
  for (const Member& member : membership.members) {
    const LogIndex match = matches[member.id.value() - 1];
    if (member.standing == Standing::voter || member.standing == Standing::outgoing) before.push_back(match);
    if (member.standing == Standing::voter || member.standing == Standing::incoming) after.push_back(match);
  }
  return before.empty() || after.empty() ? LogIndex() : std::min(counted(before), counted(after));
}

TEST_CASE("what a quorum has reached is what counting gives, for every membership of four nodes and small indexes") {
  for (unsigned standings = 0; standings < 4 * 4 * 4 * 4; ++standings) {
    Membership membership;
    for (unsigned node = 1, rest = standings; node <= 4; ++node, rest /= 4) {
      membership.members.push_back({NodeId(node), {}, {}, static_cast<Standing>(rest % 4 + 1)});
    }
    if (counted(membership, std::vector<LogIndex>(4, LogIndex(1))) == LogIndex()) continue;
    for (unsigned number = 0; number < 3 * 3 * 3 * 3; ++number) {
      std::vector<LogIndex> matches;
      for (unsigned node = 0, rest = number; node < 4; ++node, rest /= 3) matches.emplace_back(rest % 3);
      const auto reached_by = [&](NodeId node) { return matches[node.value() - 1]; };
      const LogIndex expected = counted(membership, matches);
      REQUIRE(quorum_reached<LogIndex>(membership, reached_by) == expected);
      REQUIRE(is_quorum(membership, [&](NodeId node) { return reached_by(node) > LogIndex(); }) ==
              (expected > LogIndex()));
    }
  }
}

}  // namespace
}  // namespace tenon::raft
