// SPDX-License-Identifier: MIT
// That the checkers of the simulator which need no cluster see what they are for.
#include "checks/acknowledgements.hpp"
#include "checks/durable_promises.hpp"
#include "checks/repetition.hpp"
#include "support/catch.hpp"

namespace tenon::sim {
namespace {

using raft::HardState;
using raft::LogIndex;
using raft::NodeId;
using raft::Term;

const NodeId kOne(1);
const NodeId kTwo(2);

// The kind of the violation; empty: there is none.
template <class What>
std::string violated(const What& what) {
  try {
    what();
  } catch (const Violation& violation) {
    return violation.kind;
  }
  return "";
}

TEST_CASE("a durable term or vote that goes back is seen, also over a restart") {
  const auto after = [](HardState first, HardState second) {
    DurablePromises promises;
    promises.check(kOne, {first, {}}, first);
    return violated([&] { promises.check(kOne, {second, {}}, second); });
  };
  CHECK(after({Term(5), kTwo}, {Term(5), kTwo}).empty());
  CHECK(after({Term(5), NodeId()}, {Term(5), kTwo}).empty());
  CHECK(after({Term(5), kTwo}, {Term(6), NodeId()}).empty());
  CHECK(after({Term(5), kTwo}, {Term(4), kTwo}) == "hard-state");
  CHECK(after({Term(5), kTwo}, {Term(5), kOne}) == "hard-state");
  CHECK(after({Term(5), kTwo}, {Term(5), NodeId()}) == "hard-state");
}

TEST_CASE("a node that holds in memory less than its disk has promised is seen") {
  const auto with = [](HardState durable, HardState in_memory) {
    DurablePromises promises;
    return violated([&] { promises.check(kOne, {durable, {}}, in_memory); });
  };
  CHECK(with({Term(5), kTwo}, {Term(7), NodeId()}).empty());
  CHECK(with({Term(5), kTwo}, {Term(4), kTwo}) == "hard-state");
  CHECK(with({Term(5), kTwo}, {Term(5), kOne}) == "hard-state");
}

TEST_CASE("a disk that is another has promised nothing") {
  DurablePromises promises;
  promises.check(kOne, {{Term(5), kTwo}, {}}, {Term(5), kTwo});
  promises.forget(kOne);
  CHECK(violated([&] { promises.check(kOne, {{Term(1), NodeId()}, {}}, {Term(1), NodeId()}); }).empty());
}

TEST_CASE("a vote that leaves before it is durable is seen") {
  const auto sent = [](const raft::Message& message, HardState durable) {
    return violated([&] { DurablePromises::check_sent(kOne, kTwo, message, {durable, {}}, std::nullopt); });
  };
  const raft::VoteReply granted{Term(5), raft::Ballot::vote, true};
  CHECK(sent(granted, {Term(5), kTwo}).empty());
  CHECK(sent(granted, {Term(5), NodeId()}) == "vote-durability");
  CHECK(sent(granted, {Term(4), kTwo}) == "vote-durability");
  CHECK(sent(raft::VoteReply{Term(5), raft::Ballot::vote, false}, {Term(4), NodeId()}).empty());
  CHECK(sent(raft::VoteReply{Term(5), raft::Ballot::pre_vote, true}, {Term(4), NodeId()}).empty());
  const raft::VoteRequest asked{Term(5), raft::Ballot::vote, raft::Cause::timeout, LogIndex(9), Term(4)};
  CHECK(sent(asked, {Term(5), kOne}).empty());
  CHECK(sent(asked, {Term(4), kOne}) == "vote-durability");
  CHECK(sent(asked, {Term(5), kTwo}) == "vote-durability");
}

TEST_CASE("an acknowledgement of entries that leaves before they are durable is seen") {
  const auto sent = [](raft::AppendAccepted accepted, Term term, std::vector<Term> on_disk,
                       std::optional<Term> in_memory) {
    return violated([&] { DurablePromises::check_sent(kOne, kTwo, accepted, {{term, NodeId()}, on_disk}, in_memory); });
  };
  const std::vector<Term> two(2, Term(4));
  CHECK(sent({Term(5), LogIndex(2)}, Term(5), two, Term(4)).empty());
  CHECK(sent({Term(5), LogIndex(0)}, Term(5), {}, Term(0)).empty());
  CHECK(sent({Term(5), LogIndex(3)}, Term(5), two, Term(5)) == "append-durability");
  CHECK(sent({Term(5), LogIndex(2)}, Term(4), two, Term(4)) == "append-durability");
  // Another entry is there, which is to be replaced.
  CHECK(sent({Term(5), LogIndex(2)}, Term(5), two, Term(5)) == "append-durability");
  // Within an image it is not known which.
  CHECK(sent({Term(5), LogIndex(2)}, Term(5), {Term(), Term()}, Term(5)).empty());
  CHECK(sent({Term(5), LogIndex(2)}, Term(5), two, std::nullopt).empty());
}

TEST_CASE("one frame that is sent at a thousand instants while nothing changes is seen") {
  const auto sends = [](std::uint64_t times, microseconds between, bool changes) {
    Repetition repetition;
    return violated([&] {
      Instant now{};
      for (std::uint64_t i = 0; i < times; ++i) repetition.sent(kOne, kTwo, 7, changes ? i / 900 : 0, now += between);
    });
  };
  CHECK(sends(Repetition::kRepetitionsMax, microseconds(1), false).empty());
  CHECK(sends(Repetition::kRepetitionsMax + 1, microseconds(1), false) == "wedge");
  CHECK(sends(100 * Repetition::kRepetitionsMax, microseconds(1), true).empty());
  CHECK(sends(Repetition::kRepetitionsMax * 10, milliseconds(10), false).empty());
  // What a link had held up comes at once, and so do the answers.
  CHECK(sends(Repetition::kRepetitionsMax * 10, microseconds(0), false).empty());
}

node::Submission submission(std::uint64_t request, node::Access access) {
  node::Submission made;
  made.token = {1, request};
  made.access = access;
  made.command = "command " + std::to_string(request);
  return made;
}

node::Answer done(std::uint64_t request, std::uint64_t revision) {
  node::Answer made;
  made.token = {1, request};
  made.reply.revision = revision;
  return made;
}

TEST_CASE("an acknowledged write that no committed entry holds is seen") {
  Acknowledgements acknowledgements;
  for (const std::uint64_t request : {1u, 2u}) {
    acknowledgements.submitted(submission(request, node::Access::write));
  }
  acknowledgements.committed("command 1", LogIndex(4));
  CHECK(acknowledgements.entry_of(acknowledgements.answered(done(1, 1))) == LogIndex(4));
  const std::uint64_t other = acknowledgements.answered(done(2, 2));
  CHECK(violated([&] { acknowledgements.entry_of(other); }) == "durability");
}

TEST_CASE("an answer from before what was known when it was asked is seen, of whichever key") {
  const auto second = [](node::Access access, std::uint64_t revision, bool is_exempt) {
    Acknowledgements acknowledgements;
    if (is_exempt) acknowledgements.exempt(1);
    acknowledgements.submitted(submission(1, node::Access::write));
    acknowledgements.answered(done(1, 10));
    acknowledgements.submitted(submission(2, access));
    return violated([&] { acknowledgements.answered(done(2, revision)); });
  };
  CHECK(second(node::Access::read, 10, false).empty());
  CHECK(second(node::Access::read, 9, false) == "stale-read");
  CHECK(second(node::Access::write, 9, false) == "write-order");
  CHECK(second(node::Access::write, 9, true).empty());
}

TEST_CASE("what was under way together may be shown in any order, and what was refused shows nothing") {
  Acknowledgements acknowledgements;
  for (const std::uint64_t request : {1u, 2u, 3u}) acknowledgements.submitted(submission(request, node::Access::read));
  acknowledgements.answered(done(1, 10));
  CHECK(violated([&] { acknowledgements.answered(done(2, 3)); }).empty());
  node::Answer refused = done(3, 0);
  refused.outcome = node::Outcome::refused;
  CHECK(acknowledgements.answered(refused) == 0);
}

}  // namespace
}  // namespace tenon::sim
