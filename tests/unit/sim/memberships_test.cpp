// SPDX-License-Identifier: MIT
#include "checks/memberships.hpp"
#include "support/catch.hpp"

namespace tenon::sim {
namespace {

using raft::Membership;
using raft::NodeId;
using raft::Standing;

// v: counts always, i: incoming, o: outgoing, l: learner; nodes are numbered from 1 on, a dot is nobody.
Membership members(std::string_view standings) {
  Membership membership;
  for (std::size_t i = 0; i < standings.size(); ++i) {
    const char letter = standings[i];
    if (letter == '.') continue;
    const Standing standing = letter == 'v'   ? Standing::voter
                              : letter == 'i' ? Standing::incoming
                              : letter == 'o' ? Standing::outgoing
                                              : Standing::learner;
    membership.members.push_back({.id = NodeId(i + 1), .standing = standing});
  }
  return membership;
}

std::set<NodeId> nodes(std::initializer_list<std::uint64_t> numbers) {
  std::set<NodeId> all;
  for (const std::uint64_t number : numbers) all.insert(NodeId(number));
  return all;
}

TEST_CASE("a quorum is a majority of each set of voters") {
  CHECK(is_quorum_of(members("v"), nodes({1})));
  CHECK_FALSE(is_quorum_of(members("vv"), nodes({1})));
  CHECK(is_quorum_of(members("vvvl"), nodes({1, 3})));
  CHECK_FALSE(is_quorum_of(members("vvvl"), nodes({1, 4})));
  CHECK_FALSE(is_quorum_of(members("vvvv"), nodes({1, 4})));
  // 1 2 3 before, 3 4 5 afterwards
  CHECK(is_quorum_of(members("oovii"), nodes({1, 3, 4})));
  CHECK_FALSE(is_quorum_of(members("oovii"), nodes({1, 2, 3})));
  CHECK_FALSE(is_quorum_of(members("oovii"), nodes({3, 4, 5})));
}

TEST_CASE("quorums of memberships that may follow each other intersect, and others are seen") {
  CHECK(quorums_intersect(members("vvv"), members("vvv")));
  CHECK(quorums_intersect(members("vvv"), members("vvvl")));
  CHECK(quorums_intersect(members("vvv"), members("vvvv")));
  CHECK(quorums_intersect(members("vvv"), members("oovii")));
  CHECK(quorums_intersect(members("oovii"), members("..vvv")));
  CHECK_FALSE(quorums_intersect(members("vvv"), members("vvvvv")));
  CHECK_FALSE(quorums_intersect(members("vvv"), members("..vvv")));
  CHECK_FALSE(quorums_intersect(members("v"), members(".v")));
}

}  // namespace
}  // namespace tenon::sim
