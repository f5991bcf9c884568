// SPDX-License-Identifier: MIT
#include "machine/disks.hpp"

#include "support/catch.hpp"

namespace tenon::sim {
namespace {

using raft::Incarnation;
using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const Incarnation kAny{};
const Incarnation kOld{1};
const Incarnation kNew{2};
const Leadership kFirst(Term(4), NodeId(1));
const Leadership kSecond(Term(5), NodeId(2));

Terms terms(std::initializer_list<std::uint64_t> numbers) {
  Terms all;
  for (const std::uint64_t number : numbers) all.emplace_back(number);
  return all;
}

TEST_CASE("an entry is on a disk when its own term is there at its index") {
  const Terms committed;
  const Disks disks(committed);
  const Terms log = terms({1, 1, 4});
  const DisksOfNode node{{kNew, Term(4), log}, {}};
  CHECK(disks.hold(node, kAny, {LogIndex(3), Term(4)}, kFirst));
  CHECK_FALSE(disks.hold(node, kAny, {LogIndex(3), Term(3)}, kFirst));
  CHECK_FALSE(disks.hold(node, kAny, {LogIndex(4), Term(4)}, kFirst));
}

TEST_CASE("an image stands for what was committed, and for nothing else") {
  Terms committed = terms({1, 2});
  const Disks disks(committed);
  const Terms log = terms({0, 0, 0});
  const DisksOfNode node{{kNew, Term(4), log}, {}};
  CHECK(disks.hold(node, kAny, {LogIndex(2), Term(2)}, kFirst));
  CHECK_FALSE(disks.hold(node, kAny, {LogIndex(2), Term(1)}, kFirst));
  CHECK_FALSE(disks.hold(node, kAny, {LogIndex(3), Term(2)}, kFirst));
  committed.emplace_back(2);
  CHECK(disks.hold(node, kAny, {LogIndex(3), Term(2)}, kFirst));
}

TEST_CASE("what another data directory of the same number holds does not count") {
  const Terms committed;
  const Disks disks(committed);
  const Terms log = terms({1});
  const DisksOfNode node{{kNew, Term(4), log}, {}};
  CHECK(disks.hold(node, kNew, {LogIndex(1), Term(1)}, kFirst));
  CHECK_FALSE(disks.hold(node, kOld, {LogIndex(1), Term(1)}, kFirst));
}

TEST_CASE("what was on a lost disk counts as far as it was acknowledged, and for whom") {
  const Terms committed;
  Disks disks(committed);
  disks.acknowledged(kOld, kFirst, LogIndex(2));
  disks.acknowledged(kOld, kFirst, LogIndex(1));  // later, but overtaken
  disks.acknowledged(kNew, kFirst, LogIndex(9));
  const std::vector<LostDisk> lost{{kOld, Term(4), terms({1, 1, 4})}};
  const DisksOfNode node{{kNew, Term(), {}}, lost};
  CHECK(disks.hold(node, kOld, {LogIndex(2), Term(1)}, kFirst));
  CHECK(disks.hold(node, kAny, {LogIndex(2), Term(1)}, kFirst));
  CHECK_FALSE(disks.hold(node, kOld, {LogIndex(3), Term(4)}, kFirst));
  CHECK_FALSE(disks.hold(node, kOld, {LogIndex(2), Term(1)}, kSecond));
  CHECK(disks.hold(node, kOld, {LogIndex(2), Term(1)}, std::nullopt));
  CHECK_FALSE(disks.hold(node, kOld, {LogIndex(3), Term(4)}, std::nullopt));
  CHECK_FALSE(disks.hold(node, kNew, {LogIndex(2), Term(1)}, kFirst));
}

TEST_CASE("a directory has gone on when its term is behind the other") {
  const std::vector<LostDisk> lost{{kOld, Term(5), {}}};
  const DisksOfNode node{{kNew, Term(4), {}}, lost};
  CHECK(Disks::have_gone_on(node, kOld, Term(4)));
  CHECK_FALSE(Disks::have_gone_on(node, kOld, Term(5)));
  CHECK_FALSE(Disks::have_gone_on(node, kNew, Term(4)));
  CHECK(Disks::have_gone_on(node, kAny, Term(4)));
}

}  // namespace
}  // namespace tenon::sim
