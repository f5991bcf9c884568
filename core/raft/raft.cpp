// SPDX-License-Identifier: MIT
#include "raft/raft.hpp"

#include <algorithm>
#include <utility>

#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

Raft::Raft(const Settings& settings, Recovered recovered, Random random, Instant now)
    : settings_(settings),
      random_(random),
      now_(now),
      vote_hold_until_(now + settings.election_timeout_min),
      hard_state_(recovered.hard_state),
      log_(std::move(recovered.log)),
      commit_index_(log_.boundary()),
      commit_moved_(now),
      last_sequence_(recovered.last_sequence),
      durable_sequence_(recovered.last_sequence),
      last_read_id_(random_.next() >> 1) {
  TENON_CHECK(settings_.self != NodeId());
  TENON_CHECK(settings_.heartbeat_interval > Duration::zero());
  TENON_CHECK(2 * settings_.heartbeat_interval <= settings_.election_timeout_min);
  TENON_CHECK(settings_.election_timeout_min < settings_.election_timeout_max);
  TENON_CHECK(settings_.append_entries_max > 0 && settings_.window_appends_max > 0);
  TENON_CHECK(!settings_.lease_drift ||
              (*settings_.lease_drift >= Duration::zero() && *settings_.lease_drift < settings_.election_timeout_min));
  TENON_CHECK(hard_state_.term >= log_.last_term());
  role_ = Follower{{}, was_always_alone() ? now_ : draw_election_deadline(), false, {}, {}, false};
  check_invariants();
}

void Raft::step(const Event& event, Effects& effects) {
  TENON_CHECK(event.now >= now_);
  TENON_CHECK(!effects.write || effects.write->sequence == last_sequence_);
  TENON_CHECK(!effects.write || effects.write->sequence != reset_sequence_);
  now_ = event.now;
  const LogIndex committed = commit_index_;
  if (committed == log_.last_index()) commit_moved_ = now_;
  std::visit([&](const auto& what) { on(what, effects); }, event.what);
  if (commit_index_ != committed) commit_moved_ = now_;
  tell_removal(effects);
  log_.trim_cache(settings_.log_cache_bytes_max);
  check_invariants();
}

void Raft::on(const Tick& tick, Effects& effects) {
  own_read_since_ = tick.reads_since;
  if (std::holds_alternative<Leader>(role_)) {
    check_leadership(effects);
  } else {
    on_election_deadline(effects);
  }
  if (auto* leading = std::get_if<Leader>(&role_)) replicate(*leading, effects);
  if (auto* following = std::get_if<Follower>(&role_)) ask_read_index(*following, effects);
}

void Raft::on(const Propose& propose, Effects& effects) {
  const auto* leading = std::get_if<Leader>(&role_);
  if (leading == nullptr || leading->handover) {
    const Rejection why = leading == nullptr ? Rejection::not_leader : Rejection::transferring;
    effects.rejected.push_back({propose.token, why, leader()});
    return;
  }
  if (const std::optional<Rejected> refused = refuse_change(propose)) {
    effects.rejected.push_back(*refused);
    return;
  }
  const LogIndex index = append(propose.kind, propose.data, propose.membership, effects);
  effects.proposed.push_back({propose.token, index, hard_state_.term});
}

void Raft::on(const Read& read, Effects& effects) {
  if (mutant("read-without-asking")) return effects.reads.push_back({read.token, commit_index_});
  if (auto* leading = std::get_if<Leader>(&role_)) {
    if (mutant("read-without-round")) return effects.reads.push_back({read.token, commit_index_});
    const std::optional<Instant> lease = read.proof == ReadProof::lease ? lease_end() : std::nullopt;
    if (lease && (now_ < *lease || mutant("lease-ignores-pause"))) {
      effects.reads.push_back({read.token, commit_index_, ReadProof::lease, now_});
    } else {
      leading->waiting_reads.push_back({settings_.self, read.token, now_, 0, 0, {}});
    }
    return;
  }
  auto* following = std::get_if<Follower>(&role_);
  if (following != nullptr && following->leader != NodeId()) {
    following->waiting_reads.push_back({read.token, now_, 0});
  } else {
    effects.rejected.push_back({read.token, Rejection::not_leader, leader()});
  }
}

void Raft::on(const WriteDurable& done, Effects& effects) {
  TENON_CHECK(done.sequence <= last_sequence_);
  durable_sequence_ = std::max(durable_sequence_, done.sequence);
  while (!unsynced_.empty() && unsynced_.front().sequence <= done.sequence) unsynced_.pop_front();
  log_.complete(done.sequence);
  release_held(done.sequence, effects);
  advance_commit();
}

std::optional<Instant> Raft::next_deadline() const noexcept {
  if (const auto* following = std::get_if<Follower>(&role_)) {
    return following->leader != NodeId() || may_stand() ? std::optional(following->election_deadline) : std::nullopt;
  }
  if (const auto* leading = std::get_if<Leader>(&role_)) {
    if (leading->followers.empty()) return std::nullopt;
    return leading->notice_due ? std::min(*leading->notice_due, leading->heartbeat_due) : leading->heartbeat_due;
  }
  // Alone, nothing can be gained by trying again: what is being written becomes durable or the node stops.
  if (is_only_voter()) return std::nullopt;
  return std::get<Candidate>(role_).election_deadline;
}

RoleName Raft::role() const noexcept {
  if (std::holds_alternative<Leader>(role_)) return RoleName::leader;
  return std::holds_alternative<Candidate>(role_) ? RoleName::candidate : RoleName::follower;
}

NodeId Raft::leader() const noexcept {
  if (std::holds_alternative<Leader>(role_)) return settings_.self;
  const auto* following = std::get_if<Follower>(&role_);
  return following != nullptr ? following->leader : NodeId();
}

bool Raft::accepts_proposals() const noexcept {
  const auto* leading = std::get_if<Leader>(&role_);
  return leading != nullptr && !leading->handover;
}

LogIndex Raft::leadership_start() const noexcept {
  const auto* leading = std::get_if<Leader>(&role_);
  return leading != nullptr ? leading->term_start : LogIndex();
}

std::vector<PeerStatus> Raft::peers() const {
  std::vector<PeerStatus> found;
  if (const auto* leading = std::get_if<Leader>(&role_)) {
    found.reserve(leading->followers.size());
    for (const Progress& one : leading->followers) {
      if (membership().find(one.peer()) == nullptr) continue;
      found.push_back({one.peer(), one.state(), one.match(), one.next(), one.has_answered(), one.last_contact()});
    }
  }
  return found;
}

bool Raft::is_only_voter() const noexcept {
  const auto is_other_voter = [&](const Member& member) {
    return member.standing != Standing::learner && member.id != settings_.self;
  };
  return membership().has_voter(settings_.self) &&
         std::none_of(membership().members.begin(), membership().members.end(), is_other_voter) &&
         is_this_node(membership().find(settings_.self)->incarnation);
}

// Then it has nobody to wait for. One that was another voter may lead still, and answer by a lease that rests on what
// this node has told it before a restart; also one that no entry names any more, for an image is there in their place.
bool Raft::was_always_alone() const {
  const auto is_another = [&](NodeId voter) { return voter != settings_.self; };
  const auto has_another = [&](const Membership& one) {
    const std::vector<NodeId> voters = one.voters();
    return std::any_of(voters.begin(), voters.end(), is_another);
  };
  return is_only_voter() && membership().former.empty() && !log_.any_since(log_.boundary(), has_another);
}

// While this holds, no other node is helped to lead (thesis section 4.2.3). A leader hears itself: when it loses the
// others it steps down by itself. A follower that hears of a later term, but not of who leads it, goes on: the leader
// of the term before may count on what it was answered.
bool Raft::hears_leader() const noexcept {
  if (std::holds_alternative<Leader>(role_)) return true;
  if (std::holds_alternative<Candidate>(role_) && mutant("candidate-refuses-others")) return true;
  return heard_ && now_ - *heard_ < settings_.election_timeout_min;
}

bool Raft::is_disk_stalled() const noexcept {
  const auto is_old = [&](Instant since) { return now_ - since >= settings_.election_timeout_max; };
  // A leader that cannot read what its peers wait for, or what it is to apply itself, may have nothing to write, and
  // commits nothing for ever. One that commits by the others is left alone.
  return (!unsynced_.empty() && is_old(unsynced_.front().since)) ||
         (!log_reads_.empty() && is_old(log_reads_.front().since) && is_old(commit_moved_)) ||
         (own_read_since_ && is_old(*own_read_since_));
}

Instant Raft::draw_election_deadline() {
  const auto spread =
      static_cast<std::uint64_t>((settings_.election_timeout_max - settings_.election_timeout_min).count());
  return now_ + settings_.election_timeout_min + Duration(static_cast<std::int64_t>(random_.below(spread)));
}

// All that the steps of one batch of effects make storage write is one write, so that it is synced once.
Write& Raft::current_write(Effects& effects) {
  if (!effects.write) {
    last_sequence_ = last_sequence_.next();
    effects.write.emplace().sequence = last_sequence_;
    unsynced_.push_back({last_sequence_, now_});
  }
  return *effects.write;
}

void Raft::set_hard_state(HardState hard_state, Effects& effects) {
  TENON_CHECK(hard_state.term >= hard_state_.term);
  TENON_CHECK(hard_state.term > hard_state_.term || hard_state_.voted_for == NodeId());
  hard_state_ = hard_state;
  current_write(effects).hard_state = hard_state;
  if (mutant("vote-not-written")) effects.write->hard_state->voted_for = NodeId();
  hard_state_sequence_ = last_sequence_;
}

void Raft::check_invariants() const noexcept {
  TENON_CHECK(commit_index_ >= log_.boundary());
  TENON_CHECK(commit_index_ <= log_.last_index());
  TENON_CHECK(!is_only_voter() || commit_index_ <= log_.durable_index());
  TENON_CHECK(log_.last_term() <= hard_state_.term);
  TENON_CHECK(durable_sequence_ <= last_sequence_);
  TENON_CHECK(held_.size() <= kHeldMax);
  TENON_CHECK(unsynced_.empty() == (durable_sequence_ == last_sequence_));
  for (std::size_t i = 0; i < log_reads_.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) TENON_CHECK(log_reads_[i].peer != log_reads_[k].peer);
  }
  if (const auto* leading = std::get_if<Leader>(&role_)) {
    TENON_CHECK(hard_state_.voted_for == settings_.self);
    TENON_CHECK(leading->term_start <= log_.last_index());
    TENON_CHECK(leading->term_start < log_.boundary() || log_.term(leading->term_start) == hard_state_.term);
    TENON_CHECK(leading->followers.size() == membership().members.size() + leading->leaving.size() -
                                                 (membership().find(settings_.self) != nullptr ? 1 : 0));
    for (const Progress& one : leading->followers) {
      TENON_CHECK(one.match() < one.next());
      TENON_CHECK(one.match() <= log_.last_index());
      TENON_CHECK(one.state() != ProgressState::snapshot || one.match() < log_.boundary());
      TENON_CHECK(one.next() <= log_.last_index().next());
    }
  }
  if (const auto* following = std::get_if<Follower>(&role_)) {
    TENON_CHECK(following->verified_index <= log_.last_index());
    TENON_CHECK(following->leader == NodeId() || heard_.has_value());
  }
}

}  // namespace tenon::raft
