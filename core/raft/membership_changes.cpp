// SPDX-License-Identifier: MIT
// What a membership means for the node that holds it: whom a leader replicates to, who stands for election, and how
// those that leave come to know it (thesis, chapter 4).
#include <algorithm>
#include <utility>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

// One change at a time, also when the one before is inherited, and none before an entry of this term is committed:
// otherwise two leaders could each decide by a membership that the other does not know of.
std::optional<Rejected> Raft::refuse_change(const Propose& propose) const {
  if (propose.kind != EntryKind::membership) return std::nullopt;
  TENON_CHECK(propose.membership != nullptr);
  if (log_.membership_index() > commit_index_ && !mutant("change-while-undecided")) {
    return Rejected{propose.token, Rejection::change_undecided, settings_.self};
  }
  if (commit_index_ < leadership_start() && !mutant("change-before-commit")) {
    return Rejected{propose.token, Rejection::term_undecided, settings_.self};
  }
  const std::string_view reason = why_not(membership(), *propose.membership);
  if (reason.empty()) return std::nullopt;
  return Rejected{propose.token, Rejection::illegal_change, settings_.self, reason};
}

// A membership is in force once it is appended. Who begins to count is not held to be silent before it could speak. A
// number that comes back while its last node is still being told of its removal is another node, which holds nothing of
// what that one had acknowledged; and whose acknowledgements those were that came while no directory was known of a
// member, nobody can say once one is.
void Raft::follow_membership(Leader& leading) {
  const LogIndex begun = log_.membership_index();
  const Membership& before = *log_.membership_as_of(begun.previous()).membership;
  for (const Member& member : membership().members) {
    if (member.id == settings_.self) continue;
    Progress* known = find_progress(member.id);
    const Member* const earlier = before.find(member.id);
    const bool returns = earlier == nullptr && !mutant("returning-number-known");
    const bool is_pinned = earlier != nullptr && earlier->incarnation != member.incarnation;
    if (known != nullptr && (returns || is_pinned)) {
      *known = Progress(member.id, begun, now_);
    } else if (known == nullptr) {
      const auto place = std::find_if(leading.followers.begin(), leading.followers.end(),
                                      [&](const Progress& one) { return one.peer() > member.id; });
      leading.followers.insert(place, Progress(member.id, begun, now_));
    } else if (membership().has_voter(member.id) && !before.has_voter(member.id)) {
      known->spare(now_);
    }
    std::erase_if(leading.leaving, [&](const Leader::Leaving& one) { return one.node == member.id; });
  }
  for (const Member& member : before.members) {
    if (member.id == settings_.self || membership().find(member.id) != nullptr) continue;
    leading.leaving.push_back({member.id, begun, now_ + settings_.farewell_max, 0});
  }
}

// Whoever leaves is told until it has answered heartbeats that say that this is committed. An image would be too much
// to send for it.
void Raft::let_go(Leader& leading) {
  std::erase_if(leading.leaving, [&](const Leader::Leaving& one) {
    const Progress& progress = *find_progress(one.node);
    const bool knows = one.round != 0 && progress.round() >= one.round;
    if (!knows && now_ < one.deadline && progress.state() != ProgressState::snapshot) return false;
    std::erase_if(leading.followers, [&](const Progress& follower) { return follower.peer() == one.node; });
    return true;
  });
}

// Thesis, section 4.2.2: a leader that is to leave leads until that is committed. It goes on until those that it hears
// of know the commit, of voters and of those that leave with it, and then hands over, so that nobody has to wait for an
// election timeout.
void Raft::retire(Leader& leading, Effects& effects) {
  if (membership().has_voter(settings_.self) || log_.membership_index() > commit_index_) return;
  if (mutant("removed-leader-leads-on")) return;
  if (!leading.retires_by) leading.retires_by = now_ + 2 * settings_.election_timeout_max;
  if (now_ >= *leading.retires_by) return become_follower(NodeId(), "it is no voter any more", effects);
  const bool are_told = std::all_of(leading.followers.begin(), leading.followers.end(), [&](const Progress& one) {
    if (!is_heard(one)) return true;
    if (membership().has_voter(one.peer())) return one.told_commit() >= log_.membership_index();
    return membership().find(one.peer()) != nullptr;
  });
  if (are_told && !leading.handover) hand_over_to(leading, NodeId());
}

// Anyone may ask for a vote, for the membership of who is asked may be older or newer than that of who asks; and a
// leader may be one that this node has not heard of as a member yet. Who answers must be a member, or one that is still
// being told that it is none; the term of such a one moves nobody.
bool Raft::may_say(NodeId from, const Message& message) noexcept {
  if (from == settings_.self) return false;
  if (membership().find(from) != nullptr) return true;
  return !is_answer(message) || (find_progress(from) != nullptr && term_of(message) <= hard_state_.term);
}

// A node whose removal is committed can not be elected: whoever has that entry refuses its shorter log. It may never
// have heard of it, and would ask for ever. One whose log is as new as this one has that entry as well: it may have
// been added again since, and then it may be that nobody else can lead. It is told, and judged like any other. Returns
// whether that is all there is to say to it.
bool Raft::tell_removed(NodeId from, const VoteRequest& request, Effects& effects) {
  const Membership& decided = *log_.membership_as_of(commit_index_).membership;
  if (decided.find_former(from) == nullptr || membership().find(from) != nullptr) return false;
  if (mutant("removed-node-not-told")) return false;
  effects.sends.push_back({from, Removed{hard_state_.term, commit_index_, log_.term(commit_index_).value()}});
  if (is_up_to_date(request) && !mutant("told-instead-of-voting")) return false;
  effects.votes.push_back({from, request.term, request.ballot, Verdict::removed});
  return true;
}

// Who has an empty log has asked nobody for a vote: another node that had its number is meant.
void Raft::receive(NodeId, const Removed& removed, Effects& effects) {
  if (log_.last_index() == LogIndex()) return effects.drops.push_back(Drop::stale);
  const auto later = [](const Removed& left, const Removed& right) { return left.index < right.index; };
  told_removed_ = std::max(told_removed_, removed, later);
  if (is_removed() && std::holds_alternative<Candidate>(role_)) {
    become_follower(NodeId(), "it was removed from the cluster", effects);
  } else if (!is_removed()) {
    effects.drops.push_back(Drop::stale);
  }
}

// What it was told counts until its log says that it is a member again. Other memberships behind its removal, which it
// may have got while it was told, and memberships of earlier terms, which were never decided, say nothing: nobody
// replicates to it any more, so it would keep them for ever.
bool Raft::is_told_removed() const {
  if (told_removed_.index == LogIndex()) return false;
  if (mutant("old-removal-believed")) return true;
  return !log_.any_after(told_removed_.index, told_removed_.index_term, [&](const Membership& one) {
    const Member* self = one.find(settings_.self);
    return self != nullptr && is_this_node(self->incarnation);
  });
}

// The same id with another data directory is another node.
bool Raft::is_removed() const {
  if (std::holds_alternative<Leader>(role_) || mutant("removed-node-stands")) return false;
  if (is_told_removed()) return true;
  if (log_.membership_index() > commit_index_) return false;
  const FormerMember* former = membership().find_former(settings_.self);
  return former != nullptr && is_this_node(former->incarnation);
}

// Thesis, section 4.2.2: who is no voter by the last membership of its log may be the only one that can be elected, as
// long as that membership is not committed. So one stands that counted when the last entry known to be committed was
// appended, or at any entry since; and votes for it are counted by the last membership alone.
// It must be this node by its data directory, too, and not one that had the same number before.
bool Raft::may_stand() const {
  return (!is_removed() || mutant("removal-ignored")) && log_.any_since(commit_index_, [&](const Membership& one) {
    return one.has_voter(settings_.self) && is_this_node(one.find(settings_.self)->incarnation);
  });
}

// Where its data directory is not known, that is a node which the cluster began with. One that has joined was known
// from its first membership on.
bool Raft::is_this_node(const Incarnation& known) const noexcept {
  if (settings_.incarnation == Incarnation{}) return true;
  return known == settings_.incarnation || (known == Incarnation{} && !settings_.joins);
}

bool Raft::may_vote() const { return may_count() || mutant("joining-node-votes"); }

// Its number may have been another's, and whoever knows of that one only would take its word for the other's. A leader
// lets it count only when its log says so.
bool Raft::may_count() const {
  if (!settings_.joins) return true;
  return log_.any_since(commit_index_, [&](const Membership& one) {
    const Member* self = one.find(settings_.self);
    return self != nullptr && is_this_node(self->incarnation);
  });
}

void Raft::tell_removal(Effects& effects) {
  if (!std::exchange(is_removal_told_, is_removed()) && is_removal_told_) {
    effects.removed = is_told_removed() ? told_removed_.index : log_.membership_index();
  }
}

}  // namespace tenon::raft
