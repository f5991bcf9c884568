// SPDX-License-Identifier: MIT
#include "checks/elections.hpp"

#include <algorithm>
#include <string>

#include "majority.hpp"

namespace tenon::sim {
namespace {

std::string text_of(raft::NodeId node, raft::Term term) {
  return "node " + std::to_string(node.value()) + " in term " + std::to_string(term.value());
}

}  // namespace

void Elections::sent(const Sender& from, raft::NodeId to, const raft::Message& message) {
  if (const auto* request = std::get_if<raft::VoteRequest>(&message)) return sent_request(from, *request);
  const auto* reply = std::get_if<raft::VoteReply>(&message);
  if (reply != nullptr && reply->granted && reply->ballot == raft::Ballot::vote) voted(from.self, reply->term, to);
}

void Elections::received(const Voter& from, const Voter& to, const raft::VoteReply& reply) {
  if (!reply.granted) return;
  (reply.ballot == raft::Ballot::pre_vote ? promised_ : granted_)[{reply.term, to}].insert(from);
}

void Elections::sent_request(const Sender& from, const raft::VoteRequest& request) {
  const raft::NodeId self = from.self.first;
  if (from.is_removed) {
    throw Violation("removed", text_of(self, request.term) + " asks for votes, and knows that it was removed");
  }
  if (request.ballot != raft::Ballot::vote) return;
  voted(from.self, request.term, self);
  if (request.cause == raft::Cause::timeout && !is_majority(promised_, {request.term, from.self}, from.known)) {
    throw Violation("pre-vote", text_of(self, request.term) + " asks for votes that no majority has promised it");
  }
}

void Elections::voted(const Voter& voter, raft::Term term, raft::NodeId candidate) {
  const auto given = votes_.emplace(std::pair(voter, term), candidate).first;
  if (given->second != candidate) {
    throw Violation("voted-twice", text_of(voter.first, term) + " votes for node " + std::to_string(candidate.value()) +
                                       ", and has voted for node " + std::to_string(given->second.value()));
  }
}

void Elections::leads(const Voter& leader, raft::Term term, const raft::Membership& known) const {
  if (!is_majority(granted_, {term, leader}, known)) {
    throw Violation("election", text_of(leader.first, term) + " leads without the votes of a majority");
  }
}

// Counted apart from what the product counts by. Who stands is for itself, and may be no voter any more.
bool Elections::is_majority(const std::map<Candidacy, Voters>& ballots, const Candidacy& candidacy,
                            const raft::Membership& known) {
  const auto found = ballots.find(candidacy);
  const auto is_known_as = [](const raft::Member& member, const Voter& voter) {
    const bool is_any = member.incarnation == raft::Incarnation{};
    return member.id == voter.first && (is_any || member.incarnation == voter.second);
  };
  const auto is_for_it = [&](const raft::Member& member) {
    const auto is_member = [&](const Voter& voter) { return is_known_as(member, voter); };
    return is_member(candidacy.second) ||
           (found != ballots.end() && std::any_of(found->second.begin(), found->second.end(), is_member));
  };
  const auto has_majority = [&](bool (*counts)(raft::Standing)) {
    std::size_t voters = 0;
    std::size_t for_it = 0;
    for (const raft::Member& member : known.members) {
      if (!counts(member.standing)) continue;
      ++voters;
      if (is_for_it(member)) ++for_it;
    }
    return for_it >= majority_of(voters);
  };
  return has_majority(raft::counts_before) && has_majority(raft::counts_after);
}

}  // namespace tenon::sim
