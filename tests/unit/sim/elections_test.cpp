// SPDX-License-Identifier: MIT
#include "checks/elections.hpp"

#include <string>

#include "support/catch.hpp"

namespace tenon::sim {
namespace {

using raft::Ballot;
using raft::Cause;
using raft::Membership;
using raft::NodeId;
using raft::Term;

const NodeId kOne(1);
const NodeId kTwo(2);
const NodeId kThree(3);

template <class Act>
std::string violated(const Act& act) {
  try {
    act();
  } catch (const Violation& violation) {
    return violation.kind;
  }
  return {};
}

// Each node has the directory that is its number; others are named where they are meant.
raft::Incarnation directory(std::uint8_t number) { return raft::Incarnation{number}; }
Elections::Voter with_its_own(NodeId node) { return {node, directory(static_cast<std::uint8_t>(node.value()))}; }

struct Votes {
  Elections elections;
  Membership known{{{kOne}, {kTwo}, {kThree}}};

  std::string reply(const Elections::Voter& voter, NodeId candidate, Term term, Ballot ballot) {
    const raft::VoteReply given{term, ballot, true};
    return violated([&] {
      elections.sent({voter, known, false}, candidate, given);
      elections.received(voter, with_its_own(candidate), given);
    });
  }
  std::string reply(NodeId voter, NodeId candidate, Term term, Ballot ballot) {
    return reply(with_its_own(voter), candidate, term, ballot);
  }
  std::string request(const Elections::Voter& candidate, Term term, Cause cause = Cause::timeout,
                      bool is_removed = false) {
    const raft::VoteRequest asked{term, Ballot::vote, cause, raft::LogIndex(9), Term(1)};
    return violated([&] { elections.sent({candidate, known, is_removed}, kTwo, asked); });
  }
  std::string request(NodeId candidate, Term term, Cause cause = Cause::timeout) {
    return request(with_its_own(candidate), term, cause);
  }
  std::string leads(NodeId node, Term term) {
    return violated([&] { elections.leads(with_its_own(node), term, known); });
  }
};

TEST_CASE("a second vote in one term is seen, unless it is given with another data directory") {
  Votes votes;
  CHECK(votes.reply(kTwo, kOne, Term(5), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kOne, Term(5), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kThree, Term(6), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kThree, Term(5), Ballot::vote) == "voted-twice");
  const Elections::Voter other(kTwo, directory(9));
  CHECK(votes.reply(other, kThree, Term(5), Ballot::vote).empty());
  CHECK(votes.reply(other, kOne, Term(5), Ballot::vote) == "voted-twice");
}

TEST_CASE("votes count where a membership knows the voter by its data directory, or by none") {
  Votes votes;
  const Elections::Voter other(kTwo, directory(9));
  for (const Ballot ballot : {Ballot::pre_vote, Ballot::vote}) {
    CHECK(votes.reply(other, kOne, Term(5), ballot).empty());
  }
  CHECK(votes.request(kOne, Term(5)).empty());
  CHECK(votes.leads(kOne, Term(5)).empty());
  votes.known.members[1].incarnation = directory(2);
  CHECK(votes.request(kOne, Term(5)) == "pre-vote");
  CHECK(votes.leads(kOne, Term(5)) == "election");
  votes.known.members[1].incarnation = directory(9);
  CHECK(votes.request(kOne, Term(5)).empty());
  CHECK(votes.leads(kOne, Term(5)).empty());
}

TEST_CASE("what was promised to a node does not count for another of its number, and neither does its own vote") {
  Votes votes;
  CHECK(votes.reply(kTwo, kOne, Term(5), Ballot::pre_vote).empty());
  CHECK(votes.request({kOne, directory(9)}, Term(5)) == "pre-vote");
  votes.known.members[0].incarnation = directory(9);
  CHECK(votes.request(kOne, Term(5)) == "pre-vote");
  CHECK(votes.reply(kThree, kOne, Term(5), Ballot::pre_vote).empty());
  CHECK(votes.request(kOne, Term(5)).empty());
}

TEST_CASE("a candidate that no majority has promised its votes is seen, and a leader that has none") {
  Votes votes;
  CHECK(votes.request(kOne, Term(5)) == "pre-vote");
  CHECK(votes.request(kOne, Term(6), Cause::transfer).empty());
  CHECK(votes.reply(kTwo, kOne, Term(7), Ballot::pre_vote).empty());
  CHECK(votes.request(kOne, Term(7)).empty());
  CHECK(votes.leads(kOne, Term(7)) == "election");
  CHECK(votes.reply(kTwo, kOne, Term(7), Ballot::vote).empty());
  CHECK(votes.leads(kOne, Term(7)).empty());
  votes.known.members[2].standing = raft::Standing::incoming;
  CHECK(votes.leads(kOne, Term(7)).empty());
  votes.known.members[1].standing = raft::Standing::learner;
  CHECK(votes.leads(kOne, Term(7)) == "election");
}

TEST_CASE("a node that asks for votes though it knows that it was removed is seen") {
  Votes votes;
  CHECK(votes.reply(kTwo, kThree, Term(5), Ballot::pre_vote).empty());
  CHECK(votes.request(kThree, Term(5)).empty());
  CHECK(votes.request(with_its_own(kThree), Term(5), Cause::timeout, true) == "removed");
}

}  // namespace
}  // namespace tenon::sim
