// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

namespace {

void insert_ascending(std::vector<NodeId>& nodes, NodeId node) {
  const auto place = std::lower_bound(nodes.begin(), nodes.end(), node);
  if (place == nodes.end() || *place != node || mutant("vote-counted-twice")) nodes.insert(place, node);
}

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}

}  // namespace

// Raft paper, section 5.2, after a pre-vote (thesis section 9.6) unless the leader asked for it.
//
// A vote counts once it is durable where it was given, the own one too. Requests wait for it as well: were one to leave
// earlier, a crash could lose the tail of the log that it speaks of, and answers to it would elect a node in the same
// term that has less.
void Raft::campaign(Ballot ballot, Cause cause, Effects& effects) {
  TENON_CHECK(!std::holds_alternative<Leader>(role_));
  give_up_reads(NodeId(), effects);
  WriteSequence rests_on;
  Term wanted = hard_state_.term.next();
  if (ballot == Ballot::vote) {
    set_hard_state({wanted, settings_.self}, effects);
    if (!mutant("own-vote-before-durable")) rests_on = hard_state_sequence_;
  }
  if (ballot == Ballot::pre_vote && mutant("vote-forgotten")) hard_state_.voted_for = NodeId();
  role_ = Candidate{ballot, cause, {}, {}, draw_election_deadline()};
  effects.roles.push_back({RoleName::candidate, hard_state_.term, NodeId(),
                           ballot == Ballot::pre_vote ? "no leader was heard of; it asks who would vote for it"
                           : cause == Cause::transfer ? "the leader handed over; it asks for votes"
                                                      : "it asks for votes"});
  const VoteRequest request{wanted, ballot, cause, log_.last_index(), log_.last_term()};
  for (const NodeId voter : membership().voters()) {
    if (voter != settings_.self) send_when_durable(voter, request, rests_on, effects);
  }
  if (ballot == Ballot::vote && !mutant("own-vote-before-durable")) {
    send_when_durable(settings_.self, VoteReply{wanted, ballot, true}, rests_on, effects);
  } else {
    count_vote(settings_.self, effects);
  }
}

void Raft::count_vote(NodeId voter, Effects& effects) {
  auto& candidate = std::get<Candidate>(role_);
  insert_ascending(candidate.granted, voter);
  const bool has_quorum = is_quorum(membership(), [&](NodeId one) { return contains(candidate.granted, one); });
  const bool has_enough = candidate.granted.size() >= majority(membership().voters().size());
  if (!has_quorum && !(has_enough && mutant("vote-counted-twice"))) return;
  if (candidate.ballot == Ballot::pre_vote) {
    campaign(Ballot::vote, candidate.cause, effects);
  } else {
    become_leader(effects);
  }
}

void Raft::receive(NodeId from, const VoteReply& reply, Effects& effects) {
  auto* candidate = std::get_if<Candidate>(&role_);
  const bool takes_any = candidate != nullptr && mutant("pre-vote-counted-as-vote");
  const Ballot ballot = takes_any ? candidate->ballot : reply.ballot;
  const bool is_pre_vote = ballot == Ballot::pre_vote;
  const Term expected = reply.granted && is_pre_vote ? hard_state_.term.next() : hard_state_.term;
  if (candidate == nullptr || candidate->ballot != ballot || reply.term != expected) {
    effects.drops.push_back(Drop::stale);
    return;
  }
  if (reply.granted) return count_vote(from, effects);
  insert_ascending(candidate->refused, from);
  if (!is_quorum(membership(), [&](NodeId one) { return !contains(candidate->refused, one); })) {
    become_follower(NodeId(), "a majority refused to vote for it", effects);
  }
}

// Raft paper, section 5.4.1.
bool Raft::is_up_to_date(const VoteRequest& request) const noexcept {
  if (mutant("longer-log-wins")) return request.last_index >= log_.last_index();
  if (mutant("any-log-wins")) return true;
  return request.last_term > log_.last_term() ||
         (request.last_term == log_.last_term() && request.last_index >= log_.last_index());
}

// While a leader is heard of its term is left alone, whoever asks (thesis section 4.2.3). And a node that has just
// started does not know whom it heard before.
bool Raft::refuses_to_vote(NodeId from, const VoteRequest& request, Effects& effects) const {
  if (!may_vote() || (mutant("unknown-voter-refuses") && !membership().has_voter(settings_.self))) {
    effects.votes.push_back({from, request.term, request.ballot, Verdict::joining});
    return true;
  }
  if (request.cause != Cause::transfer && hears_leader() && !mutant("vote-despite-leader")) {
    effects.drops.push_back(Drop::lease);
    effects.votes.push_back({from, request.term, request.ballot, Verdict::lease});
    return true;
  }
  if (now_ < vote_hold_until_ && !mutant("vote-after-restart")) {
    effects.drops.push_back(Drop::vote_hold);
    effects.votes.push_back({from, request.term, request.ballot, Verdict::vote_hold});
    return true;
  }
  return false;
}

// Raft paper, sections 5.2 and 5.4.1. The recency of the log is that of its end in memory: the vote is written behind
// the entries, so it is durable only when they are.
void Raft::receive(NodeId from, const VoteRequest& request, Effects& effects) {
  if (refuses_to_vote(from, request, effects)) return;
  const bool is_newer = is_up_to_date(request);
  if (request.ballot == Ballot::pre_vote) {
    const bool granted = is_newer && request.term > hard_state_.term;
    const Term term = granted && !mutant("pre-vote-of-old-term") ? request.term : hard_state_.term;
    const Verdict verdict = granted ? Verdict::granted : is_newer ? Verdict::old_term : Verdict::old_log;
    effects.votes.push_back({from, request.term, Ballot::pre_vote, verdict});
    send_when_durable(from, VoteReply{term, Ballot::pre_vote, granted}, hard_state_sequence_, effects);
    return;
  }
  if (request.term > hard_state_.term) adopt_term(request.term, NodeId(), "a candidate has a later term", effects);
  const bool is_free = hard_state_.voted_for == NodeId() || hard_state_.voted_for == from || mutant("second-vote");
  const bool granted = is_newer && is_free;
  const Verdict verdict = granted ? Verdict::granted : is_free ? Verdict::old_log : Verdict::voted;
  effects.votes.push_back({from, request.term, Ballot::vote, verdict});
  if (granted) {
    if (hard_state_.voted_for == NodeId()) set_hard_state({hard_state_.term, from}, effects);
    // A pre-candidate of this term gives way; a candidate has voted for itself, and a follower gives the other time.
    become_follower(NodeId(), "it votes for another", effects);
  }
  const WriteSequence rests_on = mutant("vote-before-durable") ? WriteSequence() : hard_state_sequence_;
  send_when_durable(from, VoteReply{hard_state_.term, Ballot::vote, granted}, rests_on, effects);
}

}  // namespace tenon::raft
