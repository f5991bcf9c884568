// SPDX-License-Identifier: MIT
#include "checks/elections.hpp"

#include <string>

#include "majority.hpp"

namespace tenon::sim {
namespace {

std::string text_of(raft::NodeId node, raft::Term term) {
  return "node " + std::to_string(node.value()) + " in term " + std::to_string(term.value());
}

}  // namespace

void Elections::sent(raft::NodeId from, raft::NodeId to, const raft::Message& message, const raft::Membership& known) {
  if (const auto* request = std::get_if<raft::VoteRequest>(&message)) return sent_request(from, *request, known);
  const auto* reply = std::get_if<raft::VoteReply>(&message);
  if (reply != nullptr && reply->granted && reply->ballot == raft::Ballot::vote) voted(from, {reply->term, to});
}

void Elections::received(raft::NodeId from, raft::NodeId to, const raft::VoteReply& reply) {
  if (!reply.granted) return;
  (reply.ballot == raft::Ballot::pre_vote ? promised_ : granted_)[{reply.term, to}].insert(from);
}

void Elections::sent_request(raft::NodeId from, const raft::VoteRequest& request, const raft::Membership& known) {
  if (request.ballot != raft::Ballot::vote) return;
  const Candidacy candidacy(request.term, from);
  voted(from, candidacy);
  if (removed_.contains(from)) {
    throw Violation("removed", text_of(from, request.term) + " asks for votes, and knows that it was removed");
  }
  if (request.cause == raft::Cause::timeout && !is_majority(promised_, candidacy, known)) {
    throw Violation("pre-vote", text_of(from, request.term) + " asks for votes that no majority has promised it");
  }
}

void Elections::voted(raft::NodeId voter, const Candidacy& candidacy) {
  const auto& [term, candidate] = candidacy;
  const auto given = votes_.emplace(std::pair(voter, term), candidate).first;
  if (given->second != candidate) {
    throw Violation("voted-twice", text_of(voter, term) + " votes for node " + std::to_string(candidate.value()) +
                                       ", and has voted for node " + std::to_string(given->second.value()));
  }
}

void Elections::leads(raft::NodeId leader, raft::Term term, const raft::Membership& known) const {
  if (!is_majority(granted_, {term, leader}, known)) {
    throw Violation("election", text_of(leader, term) + " leads without the votes of a majority");
  }
}

// Counted apart from what the product counts by. Who stands is for itself, and may be no voter any more.
bool Elections::is_majority(const std::map<Candidacy, Voters>& ballots, const Candidacy& candidacy,
                            const raft::Membership& known) {
  const auto found = ballots.find(candidacy);
  const auto is_for_it = [&](raft::NodeId node) {
    return node == candidacy.second || (found != ballots.end() && found->second.contains(node));
  };
  const auto has_majority = [&](bool (*counts)(raft::Standing)) {
    std::size_t voters = 0;
    std::size_t for_it = 0;
    for (const raft::Member& member : known.members) {
      if (!counts(member.standing)) continue;
      ++voters;
      if (is_for_it(member.id)) ++for_it;
    }
    return for_it >= majority_of(voters);
  };
  return has_majority(raft::counts_before) && has_majority(raft::counts_after);
}

void Elections::stands_as(raft::NodeId node, bool is_removed) {
  if (is_removed) {
    removed_.insert(node);
  } else {
    removed_.erase(node);
  }
}

void Elections::forget(raft::NodeId node) {
  std::erase_if(votes_, [&](const auto& vote) { return vote.first.first == node; });
}

}  // namespace tenon::sim
