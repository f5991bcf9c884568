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

struct Votes {
  Elections elections;
  Membership known{{{kOne}, {kTwo}, {kThree}}};

  std::string reply(NodeId voter, NodeId candidate, Term term, Ballot ballot) {
    const raft::VoteReply given{term, ballot, true};
    return violated([&] {
      elections.sent(voter, candidate, given, known);
      elections.received(voter, candidate, given);
    });
  }
  std::string request(NodeId candidate, Term term, Cause cause = Cause::timeout) {
    const raft::VoteRequest asked{term, Ballot::vote, cause, raft::LogIndex(9), Term(1)};
    return violated([&] { elections.sent(candidate, kTwo, asked, known); });
  }
  std::string leads(NodeId node, Term term) {
    return violated([&] { elections.leads(node, term, known); });
  }
};

TEST_CASE("a second vote in one term is seen, unless the disk of the first is gone") {
  Votes votes;
  CHECK(votes.reply(kTwo, kOne, Term(5), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kOne, Term(5), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kThree, Term(6), Ballot::vote).empty());
  CHECK(votes.reply(kTwo, kThree, Term(5), Ballot::vote) == "voted-twice");
  votes.elections.forget(kTwo);
  CHECK(votes.reply(kTwo, kThree, Term(5), Ballot::vote).empty());
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
  for (const std::uint64_t term : {5u, 6u, 7u}) {
    CHECK(votes.reply(kTwo, kThree, Term(term), Ballot::pre_vote).empty());
  }
  CHECK(votes.request(kThree, Term(5)).empty());
  votes.elections.stands_as(kThree, true);
  CHECK(votes.request(kThree, Term(6)) == "removed");
  votes.elections.stands_as(kThree, false);
  CHECK(votes.request(kThree, Term(7)).empty());
}

}  // namespace
}  // namespace tenon::sim
