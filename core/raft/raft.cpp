// SPDX-License-Identifier: MIT
#include "raft/raft.hpp"

#include <utility>

namespace tenon::raft {

Raft::Raft(const Settings& settings, Recovered recovered, Random random, Instant now)
    : settings_(settings),
      random_(random),
      now_(now),
      hard_state_(recovered.hard_state),
      log_(std::move(recovered.log)),
      membership_(std::move(recovered.membership)),
      commit_index_(log_.boundary()),
      last_sequence_(recovered.last_sequence) {
  TENON_CHECK(settings_.self != NodeId());
  TENON_CHECK(settings_.election_timeout_min > Duration::zero());
  TENON_CHECK(settings_.election_timeout_min < settings_.election_timeout_max);
  TENON_CHECK(membership_.has_voter(settings_.self));
  TENON_CHECK(hard_state_.term >= log_.last_term());
  become_follower(NodeId());
  check_invariants();
}

void Raft::step(const Event& event, Effects& effects) {
  TENON_CHECK(!effects.write.has_value());
  TENON_CHECK(event.now >= now_);
  now_ = event.now;
  std::visit([&](const auto& what) { on(what, effects); }, event.what);
  log_.trim_cache(settings_.log_cache_bytes_max);
  check_invariants();
}

void Raft::on(const Tick&, Effects& effects) {
  const std::optional<Instant> deadline = next_deadline();
  if (deadline && now_ >= *deadline) become_candidate(effects);
}

void Raft::on(const Propose& propose, Effects& effects) {
  if (!std::holds_alternative<Leader>(role_)) {
    effects.rejected.push_back({propose.token, Rejection::not_leader, leader()});
    return;
  }
  const LogIndex index = append(propose.kind, propose.data, effects);
  effects.proposed.push_back({propose.token, index, hard_state_.term});
}

void Raft::on(const Read& read, Effects& effects) {
  if (auto* leading = std::get_if<Leader>(&role_)) {
    leading->waiting_reads.push_back({read.token});
    release_reads(effects);
  } else {
    effects.rejected.push_back({read.token, Rejection::not_leader, leader()});
  }
}

void Raft::on(const WriteDurable& done, Effects& effects) {
  TENON_CHECK(done.sequence <= last_sequence_);
  log_.complete(done.sequence);
  if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    if (done.sequence >= candidate->own_vote_sequence) count_vote(settings_.self, effects);
  }
  advance_commit(effects);
}

std::optional<Instant> Raft::next_deadline() const noexcept {
  if (const auto* follower = std::get_if<Follower>(&role_)) return follower->election_deadline;
  if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    // Alone, nothing can be gained by trying again: the own vote becomes durable or the node stops.
    if (!is_only_voter()) return candidate->election_deadline;
  }
  return std::nullopt;
}

RoleName Raft::role() const noexcept {
  if (std::holds_alternative<Leader>(role_)) return RoleName::leader;
  return std::holds_alternative<Candidate>(role_) ? RoleName::candidate : RoleName::follower;
}

NodeId Raft::leader() const noexcept {
  if (std::holds_alternative<Leader>(role_)) return settings_.self;
  const auto* follower = std::get_if<Follower>(&role_);
  return follower != nullptr ? follower->leader : NodeId();
}

bool Raft::is_only_voter() const noexcept {
  return membership_.voters.size() == 1 && membership_.has_voter(settings_.self);
}

Instant Raft::draw_election_deadline() {
  const auto spread =
      static_cast<std::uint64_t>((settings_.election_timeout_max - settings_.election_timeout_min).count());
  return now_ + settings_.election_timeout_min + Duration(static_cast<std::int64_t>(random_.below(spread)));
}

// All that one step makes storage write is one write, so that it is synced once.
Write& Raft::current_write(Effects& effects) {
  if (!effects.write) {
    last_sequence_ = last_sequence_.next();
    effects.write.emplace().sequence = last_sequence_;
  }
  return *effects.write;
}

void Raft::set_hard_state(HardState hard_state, Effects& effects) {
  TENON_CHECK(hard_state.term >= hard_state_.term);
  TENON_CHECK(hard_state.term > hard_state_.term || hard_state_.voted_for == NodeId());
  hard_state_ = hard_state;
  current_write(effects).hard_state = hard_state;
}

void Raft::check_invariants() const noexcept {
  TENON_CHECK(commit_index_ >= log_.boundary());
  TENON_CHECK(commit_index_ <= log_.last_index());
  TENON_CHECK(!is_only_voter() || commit_index_ <= log_.durable_index());
  TENON_CHECK(log_.last_term() <= hard_state_.term);
  if (const auto* leading = std::get_if<Leader>(&role_)) {
    TENON_CHECK(hard_state_.voted_for == settings_.self);
    TENON_CHECK(leading->term_start <= log_.last_index());
    TENON_CHECK(log_.term(leading->term_start) == hard_state_.term);
  }
}

}  // namespace tenon::raft
