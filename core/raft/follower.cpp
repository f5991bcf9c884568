// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

namespace {

// Whether the entries go on from what is before them, without a gap and without a term that falls or is to come.
bool is_well_formed(const Append& append) noexcept {
  LogIndex index = append.previous_index;
  Term term = append.previous_term;
  for (const Entry& entry : append.entries) {
    if (entry.index <= index || entry.index != index.next() || entry.term < term) return false;
    index = entry.index;
    term = entry.term;
  }
  return term <= append.term;
}

}  // namespace

// Reads that waited for the role that ends go back to whoever asked. Followers that asked will ask the next leader.
void Raft::give_up_reads(NodeId leader, Effects& effects) {
  if (auto* following = std::get_if<Follower>(&role_)) {
    for (const auto& read : following->waiting_reads) {
      effects.rejected.push_back({read.token, Rejection::leadership_lost, leader});
    }
  }
  if (auto* leading = std::get_if<Leader>(&role_)) {
    for (const auto& read : leading->waiting_reads) {
      if (read.origin == settings_.self) {
        effects.rejected.push_back({read.token, Rejection::leadership_lost, leader});
      }
    }
  }
}

void Raft::become_follower(NodeId leader, std::string_view cause, Effects& effects) {
  give_up_reads(leader, effects);
  const bool is_news = !std::holds_alternative<Follower>(role_) || leader != NodeId();
  role_ = Follower{leader, draw_election_deadline(), false, {}, {}, false, {}};
  if (leader != NodeId()) heard_ = now_;
  if (is_news) effects.roles.push_back({RoleName::follower, hard_state_.term, leader, cause});
}

// Role and term change in one step, so that nothing is ever stamped with the term of another role.
void Raft::adopt_term(Term term, NodeId leader, std::string_view cause, Effects& effects) {
  TENON_CHECK(term > hard_state_.term);
  set_hard_state({term, NodeId()}, effects);
  if (std::holds_alternative<Leader>(role_) && mutant("role-outlives-term")) return;
  become_follower(leader, cause, effects);
}

// This node follows `leader` in the current term, and has just heard of it. Null: somebody else leads this term, so
// the sender cannot.
Follower* Raft::follow(NodeId leader, Effects& effects) {
  auto* following = std::get_if<Follower>(&role_);
  if (std::holds_alternative<Leader>(role_) ||
      (following != nullptr && following->leader != NodeId() && following->leader != leader)) {
    effects.drops.push_back(Drop::malformed);
    return nullptr;
  }
  if (following == nullptr || following->leader == NodeId()) {
    become_follower(leader, "a leader was heard of", effects);
    following = std::get_if<Follower>(&role_);
  }
  heard_ = now_;
  following->election_deadline = draw_election_deadline();
  following->woke_late = false;
  return following;
}

void Raft::receive(NodeId from, const Append& append, Effects& effects) {
  if (!is_well_formed(append)) {
    effects.drops.push_back(Drop::malformed);
    return;
  }
  if (follow(from, effects) == nullptr) return;
  // What is up to the boundary is committed, and so every leader's; entries there are passed over.
  const LogIndex previous = append.previous_index;
  const bool agrees = log_.term(previous) == append.previous_term ||
                      (mutant("previous-term-unchecked") && previous <= log_.last_index());
  if (previous >= log_.boundary() && !agrees) {
    refuse_append(from, append, effects);
    return;
  }
  take_entries(append, effects);
  auto& following = std::get<Follower>(role_);
  LogIndex match = std::max(append.entries.empty() ? previous : append.entries.back().index, log_.boundary());
  if (mutant("shorter-append-truncates") && match < log_.last_index()) truncate(match.next(), effects);
  if (mutant("whole-log-acknowledged")) match = log_.last_index();
  following.verified_index = std::max(following.verified_index, match);
  const LogIndex known = mutant("unverified-committed") ? log_.last_index() : following.verified_index;
  const LogIndex decided = mutant("undecided-committed") ? known : append.commit_index;
  commit_index_ = std::max(commit_index_, std::min(decided, known));
  WriteSequence rests_on = std::max(hard_state_sequence_, log_.durable_with(match));
  if (mutant("follower-acks-unsynced")) rests_on = {};
  send_when_durable(from, AppendAccepted{hard_state_.term, match}, rests_on, effects);
}

// Raft paper, section 5.3, with the term of the hint, so that each refusal passes over a whole term of conflict.
void Raft::refuse_append(NodeId from, const Append& append, Effects& effects) {
  const LogIndex end = std::min(append.previous_index, log_.last_index());
  const LogIndex hint = log_.last_not_after(end, append.previous_term);
  const AppendRejected rejected{hard_state_.term, append.previous_index, hint, log_.term(hint).value_or(Term())};
  send_when_durable(from, rejected, hard_state_sequence_, effects);
}

// Only a real conflict truncates: an Append that was delayed may be shorter than the log, and entries after it may have
// been acknowledged.
void Raft::take_entries(const Append& append, Effects& effects) {
  for (const Entry& entry : append.entries) {
    if (entry.index <= log_.boundary()) continue;
    if (entry.index <= log_.last_index()) {
      if (log_.term(entry.index) == entry.term && !mutant("matching-entry-truncates")) continue;
      TENON_CHECK(entry.index > commit_index_);
      truncate(entry.index, effects);
    }
    Write& write = current_write(effects);
    write.entries.push_back(entry);
    log_.append(entry, write.sequence);
  }
}

void Raft::truncate(LogIndex from, Effects& effects) {
  auto& following = std::get<Follower>(role_);
  TENON_CHECK(following.verified_index < from);
  Write& write = current_write(effects);
  const auto is_kept = [&](const Entry& entry) { return entry.index < from; };
  const auto kept = std::find_if_not(write.entries.begin(), write.entries.end(), is_kept);
  if (kept == write.entries.begin()) {
    write.truncate_from = write.truncate_from ? std::min(*write.truncate_from, from) : from;
  }
  write.entries.erase(kept, write.entries.end());
  log_.truncate(from);
}

void Raft::receive(NodeId from, const Heartbeat& heartbeat, Effects& effects) {
  Follower* following = follow(from, effects);
  if (following == nullptr) return;
  const LogIndex known = mutant("heartbeat-commits-all") ? log_.last_index() : following->verified_index;
  commit_index_ = std::max(commit_index_, std::min(heartbeat.commit_index, known));
  // What was asked before, or its answer, may have been lost. But a heartbeat that comes sooner may be of the very
  // round that is to answer it, and each of many on their way would bring a request, and each of those a heartbeat.
  if (now_ - following->asked_at >= settings_.heartbeat_interval / 2) following->asks_again = true;
  if (heartbeat.round != 0) {
    const HeartbeatReply reply{hard_state_.term, heartbeat.round, following->verified_index};
    send_when_durable(from, reply, hard_state_sequence_, effects);
  }
}

void Raft::receive(NodeId from, const TimeoutNow& timeout_now, Effects& effects) {
  const auto* following = std::get_if<Follower>(&role_);
  if (following == nullptr || following->leader != from || is_disk_stalled() ||
      timeout_now.last_index != log_.last_index() || timeout_now.last_term != log_.last_term() || !may_stand()) {
    effects.drops.push_back(Drop::not_electable);
    return;
  }
  campaign(Ballot::vote, Cause::transfer, effects);
}

// One request for all reads that wait, and one at a time. It is repeated under its own id, for an answer that takes
// longer than a heartbeat must still find its reads.
void Raft::ask_read_index(Follower& following, Effects& effects) {
  auto& reads = following.waiting_reads;
  if (reads.empty() || following.leader == NodeId()) return;
  if (reads.front().id == 0) {
    ++last_read_id_;
    for (auto& read : reads) read.id = last_read_id_;
  } else if (!following.asks_again) {
    return;
  }
  following.asks_again = false;
  following.asked_at = now_;
  effects.sends.push_back({following.leader, ReadIndexRequest{hard_state_.term, reads.front().id}});
}

void Raft::receive(NodeId from, const ReadIndexReply& reply, Effects& effects) {
  auto* following = std::get_if<Follower>(&role_);
  if (following == nullptr || following->leader != from || reply.id == 0) {
    effects.drops.push_back(Drop::stale);
    return;
  }
  const auto is_answered = [&](const Follower::WaitingRead& read) { return read.id == reply.id; };
  for (const auto& read : following->waiting_reads) {
    if (is_answered(read)) effects.reads.push_back({read.token, reply.index, ReadProof::round, read.asked});
  }
  if (std::erase_if(following->waiting_reads, is_answered) == 0) effects.drops.push_back(Drop::stale);
}

void Raft::on_election_deadline(Effects& effects) {
  const bool follows = std::holds_alternative<Follower>(role_);
  const std::optional<Instant> deadline = next_deadline();
  if (!deadline || now_ < *deadline) return;
  if (!may_stand()) {
    // It waits for a leader, and those that wait for reads need not.
    constexpr std::string_view cause = "no leader was heard of, and it does not count";
    become_follower(NodeId(), cause, effects);
    if (follows) effects.roles.push_back({RoleName::follower, hard_state_.term, NodeId(), cause});
    return;
  }
  if (is_disk_stalled() && !is_only_voter()) {
    // Its vote would not become durable. Were it elected, it could not commit.
    become_follower(NodeId(), "its disk stands still", effects);
    return;
  }
  if (follows && !is_only_voter()) {
    auto& following = std::get<Follower>(role_);
    // Time has jumped: this process was stopped, and what the leader said meanwhile waits to be read.
    if (!following.woke_late && now_ - *deadline > settings_.heartbeat_interval) {
      following.woke_late = true;
      following.election_deadline = now_ + settings_.heartbeat_interval;
      return;
    }
  }
  const auto* standing = std::get_if<Candidate>(&role_);
  const bool has_lost = standing != nullptr && standing->ballot == Ballot::vote;
  const bool asks_first = !mutant("no-pre-vote") && !(has_lost && mutant("loser-stands-again"));
  campaign(asks_first ? Ballot::pre_vote : Ballot::vote, Cause::timeout, effects);
}

}  // namespace tenon::raft
