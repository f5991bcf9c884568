// SPDX-License-Identifier: MIT
#include <algorithm>
#include <type_traits>
#include <utility>

#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

void Raft::on(const Received& received, Effects& effects) {
  if (!may_say(received.from, received.message)) {
    effects.drops.push_back(Drop::not_a_member);
    return;
  }
  // Neither of these depends on a term: whoever was removed may have gone on to any.
  if (const auto* removed = std::get_if<Removed>(&received.message)) return receive(received.from, *removed, effects);
  const auto* request = std::get_if<VoteRequest>(&received.message);
  if (request != nullptr && tell_removed(received.from, *request, effects)) return;
  if (!settle_term(received.from, received.message, effects)) return;
  std::visit([&](const auto& message) { receive(received.from, message, effects); }, received.message);
}

// Raft paper, section 5.1. Returns whether the message is to be looked at: it is of the current term now, or asks for a
// vote or grants a pre-vote, which are judged by themselves.
bool Raft::settle_term(NodeId from, const Message& message, Effects& effects) {
  const Term theirs = term_of(message);
  if (theirs < hard_state_.term) {
    if (std::holds_alternative<AppendAccepted>(message) && mutant("old-acks-count")) return true;
    answer_old_term(from, message, effects);
    effects.drops.push_back(Drop::old_term);
    return false;
  }
  if (theirs == hard_state_.term || std::holds_alternative<VoteRequest>(message)) return true;
  // A granted pre-vote names the term that its candidate wants, in which nobody is yet.
  const auto* vote = std::get_if<VoteReply>(&message);
  const bool is_pre_vote = vote != nullptr && vote->ballot == Ballot::pre_vote;
  if (is_pre_vote && (vote->granted || mutant("refused-pre-vote-ignored"))) return true;
  const bool leads = std::holds_alternative<Append>(message) || std::holds_alternative<Heartbeat>(message);
  adopt_term(theirs, leads ? from : NodeId(), "a message has a later term", effects);
  return true;
}

// Whoever leads or wants to lead a term that is over must hear of the later one, or it would never follow again.
void Raft::answer_old_term(NodeId from, const Message& message, Effects& effects) {
  if (const auto* request = std::get_if<VoteRequest>(&message)) {
    effects.votes.push_back({from, request->term, request->ballot, Verdict::old_term});
    send_when_durable(from, VoteReply{hard_state_.term, request->ballot, false}, hard_state_sequence_, effects);
  } else if (mutant("old-leader-not-told")) {
    return;
  } else if (std::holds_alternative<Append>(message) || std::holds_alternative<Heartbeat>(message)) {
    send_when_durable(from, HeartbeatReply{hard_state_.term, 0, {}}, hard_state_sequence_, effects);
  }
}

void Raft::send_when_durable(NodeId to, Message message, WriteSequence rests_on, Effects& effects) {
  if (rests_on <= durable_sequence_) {
    effects.sends.push_back({to, std::move(message)});
  } else {
    hold({rests_on, to, std::move(message)}, effects);
  }
}

// While a disk stands still its node is asked all the same, so what it holds is bounded. Of messages of a kind to one
// node that wait for one write the last says enough; and of too many that wait for several the last gives way. Not each
// to the next: a node that is written to faster than its disk syncs would say nothing for as long. What is lost is
// asked for again.
void Raft::hold(Held held, Effects& effects) {
  const auto is_alike = [&](const Held& other) {
    return other.to == held.to && other.message.index() == held.message.index();
  };
  const auto last = std::find_if(held_.rbegin(), held_.rend(), is_alike);
  const bool has_room = static_cast<std::size_t>(std::count_if(held_.begin(), held_.end(), is_alike)) < kHeldOfKindMax;
  if (last == held_.rend() || (last->rests_on < held.rests_on && has_room)) {
    if (held_.size() == kHeldMax) return effects.drops.push_back(Drop::not_a_member);
    held_.push_back(std::move(held));
    return;
  }
  const auto* kept = std::get_if<AppendAccepted>(&last->message);
  const auto* accepted = std::get_if<AppendAccepted>(&held.message);
  const bool says_less = kept != nullptr && kept->term == accepted->term && accepted->match_index < kept->match_index;
  if (!says_less) *last = std::move(held);
}

// What was held in a term that is over is dropped: nobody waits for it, and a vote of another term must not be taken
// for one of this. Nor are votes asked for that are not wanted any more: the node may have heard that it was removed.
// Of several acknowledgements the leader is sent the furthest, which says what the others say.
void Raft::release_held(WriteSequence durable, Effects& effects) {
  const auto ready =
      std::stable_partition(held_.begin(), held_.end(), [&](const Held& held) { return held.rests_on > durable; });
  std::vector<Held> released(std::make_move_iterator(ready), std::make_move_iterator(held_.end()));
  held_.erase(ready, held_.end());
  const auto acknowledged = [&](const Held& held) {
    const auto* accepted = std::get_if<AppendAccepted>(&held.message);
    return accepted != nullptr && accepted->term == hard_state_.term ? std::optional(accepted->match_index)
                                                                     : std::nullopt;
  };
  const auto asks_for = [&](Ballot ballot) {
    const auto* candidate = std::get_if<Candidate>(&role_);
    return candidate != nullptr && candidate->ballot == ballot;
  };
  std::optional<LogIndex> furthest;
  for (const Held& held : released) furthest = std::max(furthest, acknowledged(held));
  for (Held& held : released) {
    const std::optional<LogIndex> index = acknowledged(held);
    if (index && index < furthest) continue;
    const auto* request = std::get_if<VoteRequest>(&held.message);
    if (term_of(held.message) < hard_state_.term) {
      effects.drops.push_back(Drop::old_term);
    } else if (request != nullptr && !asks_for(request->ballot)) {
      effects.drops.push_back(Drop::stale);
    } else if (held.to == settings_.self) {
      std::visit([&](const auto& message) { receive(settings_.self, message, effects); }, held.message);
    } else {
      effects.sends.push_back({held.to, std::move(held.message)});
    }
  }
}

}  // namespace tenon::raft
