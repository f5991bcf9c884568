// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

// Nothing that earlier leaderships knew of the others is carried over.
void Raft::become_leader(Effects& effects) {
  TENON_CHECK(std::holds_alternative<Candidate>(role_));
  Leader leading;
  leading.term_start = log_.last_index().next();
  leading.heartbeat_due = now_;
  for (const Member& member : membership().members) {
    if (member.id != settings_.self) leading.followers.emplace_back(member.id, leading.term_start, now_);
  }
  role_ = std::move(leading);
  append(EntryKind::no_op, settings_.no_op_data, nullptr, effects);
  effects.roles.push_back({RoleName::leader, hard_state_.term, settings_.self, "a majority voted for it"});
}

LogIndex Raft::append(EntryKind kind, Payload data, std::shared_ptr<const Membership> membership, Effects& effects) {
  Entry entry{log_.last_index().next(), hard_state_.term, kind, std::move(data), std::move(membership)};
  const LogIndex index = entry.index;
  Write& write = current_write(effects);
  write.entries.push_back(entry);
  log_.append(std::move(entry), write.sequence);
  if (log_.membership_index() == index) follow_membership(std::get<Leader>(role_));
  return index;
}

// Raft paper, section 5.4.2: a leader commits by counting only entries of its own term; older ones with them. Its own
// match is what storage has made durable, never what was merely appended.
void Raft::advance_commit() {
  const auto* leading = std::get_if<Leader>(&role_);
  if (leading == nullptr) return;
  const LogIndex own = mutant("leader-counts-unsynced") ? log_.last_index() : log_.durable_index();
  const auto reached = quorum_reached<LogIndex>(
      membership(), [&](NodeId voter) { return voter == settings_.self ? own : find_progress(voter)->match(); });
  if (reached >= leading->term_start || mutant("old-term-committed")) commit_index_ = std::max(commit_index_, reached);
}

// A leader that can do nothing any more makes room: it may be cut off from the others (thesis section 6.2), or its disk
// may stand still, so that it only passes on what others commit.
void Raft::check_leadership(Effects& effects) {
  auto& leading = std::get<Leader>(role_);
  const bool has_deadline = leading.handover && !mutant("handover-never-ends");
  if (has_deadline && now_ >= leading.handover->deadline) leading.handover.reset();
  let_go(leading);
  if (is_only_voter()) return;
  if (is_disk_stalled()) return become_follower(NodeId(), "its disk stands still", effects);
  const auto contact = quorum_reached<Instant>(membership(), [&](NodeId voter) {
    return voter == settings_.self ? now_ : find_progress(voter)->last_contact();
  });
  if (now_ - contact >= settings_.election_timeout_max) {
    return become_follower(NodeId(), "it has not heard of a majority", effects);
  }
  retire(leading, effects);
}

void Raft::receive(NodeId from, const HeartbeatReply& reply, Effects& effects) {
  auto* leading = std::get_if<Leader>(&role_);
  Progress* follower = find_progress(from);
  if (follower == nullptr || reply.round == 0 || reply.round > leading->round) {
    effects.drops.push_back(Drop::stale);
    return;
  }
  follower->heard(now_);
  const std::uint64_t confirmed = mutant("late-answer-confirms") ? leading->round : reply.round;
  follower->heartbeat_answered(confirmed, reply.verified_index);
  const std::uint64_t timed = leading->round - std::min<std::uint64_t>(leading->round, Leader::kTimedRounds - 1);
  const Instant began = leading->round_began[std::max(reply.round, timed) % Leader::kTimedRounds];
  effects.heartbeats.push_back({from, now_ - began});
}

// A follower has one request at a time, so a newer one replaces that before.
void Raft::receive(NodeId from, const ReadIndexRequest& request, Effects& effects) {
  auto* leading = std::get_if<Leader>(&role_);
  if (leading == nullptr || request.id == 0) {
    effects.drops.push_back(Drop::not_leading);
    return;
  }
  auto& reads = leading->waiting_reads;
  const auto same = std::find_if(reads.begin(), reads.end(), [&](const auto& read) { return read.origin == from; });
  if (same != reads.end()) {
    if (same->id == request.id) return;
    reads.erase(same);
  }
  reads.push_back({from, {}, now_, request.id, 0, {}});
}

// Thesis, section 6.4. The commit index may serve reads once an entry of this term is committed, for only then does the
// leader know every entry that its predecessors committed. One round is under way at a time: reads that come meanwhile
// share the next.
bool Raft::wants_round(const Leader& leading) const noexcept {
  const bool may_serve = commit_index_ >= leading.term_start || mutant("read-before-first-commit");
  if (leading.waiting_reads.empty() || !may_serve) return false;
  return std::all_of(leading.waiting_reads.begin(), leading.waiting_reads.end(),
                     [](const Leader::WaitingRead& read) { return read.round == 0; });
}

void Raft::begin_round(Leader& leading, Effects& effects) {
  ++leading.round;
  leading.round_began[leading.round % Leader::kTimedRounds] = now_;
  leading.heartbeat_due = now_ + settings_.heartbeat_interval;
  if (commit_index_ >= leading.term_start || mutant("read-before-first-commit")) {
    for (Leader::WaitingRead& read : leading.waiting_reads) {
      if (read.round != 0) continue;
      read.round = leading.round;
      read.index = commit_index_;
    }
  }
  for (Progress& follower : leading.followers) send_heartbeat(follower, leading.round, effects);
  for (Leader::Leaving& one : leading.leaving) {
    if (one.round == 0 && find_progress(one.node)->told_commit() >= one.removal) one.round = leading.round;
  }
}

// A read is confirmed when a majority has answered heartbeats that were sent after it came: until then no other can
// have been elected.
void Raft::release_reads(Leader& leading, Effects& effects) {
  if (leading.waiting_reads.empty()) return;
  const std::uint64_t confirmed = confirmed_round(leading);
  const auto release = [&](const Leader::WaitingRead& read) {
    if (read.round == 0 || read.round > confirmed) return false;
    if (read.origin == settings_.self) {
      effects.reads.push_back({read.token, read.index, ReadProof::round, read.asked});
    } else {
      effects.sends.push_back({read.origin, ReadIndexReply{hard_state_.term, read.id, read.index}});
    }
    return true;
  };
  std::erase_if(leading.waiting_reads, release);
}

}  // namespace tenon::raft
