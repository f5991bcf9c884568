// SPDX-License-Identifier: MIT
// How long a leader may count on being the only one (thesis section 6.4.1).
//
// A voter that answers a heartbeat helps no other to lead for election_timeout_min after it has come, on its own clock,
// whatever it hears meanwhile but for one whom the leader itself has told to stand; a voter that restarts helps nobody
// for as long, nor itself: it may be the only one that counts by now, while the leader that leaves does not know that
// yet. It came after it was sent: so from the beginning of a round that a majority has answered the leader counts that
// timeout on its own clock, less what the two clocks may differ by in that time.
#include <algorithm>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

std::uint64_t Raft::confirmed_round(const Leader& leading) const {
  return quorum_reached<std::uint64_t>(membership(), [&](NodeId voter) {
    if (voter == settings_.self) return leading.round;
    const auto found = std::find_if(leading.followers.begin(), leading.followers.end(),
                                    [&](const Progress& one) { return one.peer() == voter; });
    TENON_CHECK(found != leading.followers.end());
    return found->round();
  });
}

std::optional<Instant> Raft::confirmed_at() const noexcept {
  const auto* leading = std::get_if<Leader>(&role_);
  // Before an entry of its term is committed a leader does not know all that its predecessors have committed.
  if (leading == nullptr || commit_index_ < leading->term_start) return std::nullopt;
  if (is_only_voter()) return now_;
  const std::uint64_t round = mutant("lease-of-unanswered-round") ? leading->round : confirmed_round(*leading);
  if (round == 0 || leading->round - round >= Leader::kTimedRounds) return std::nullopt;
  return leading->round_began[round % Leader::kTimedRounds];
}

// Void for the rest of the leadership once another was told to stand: that message, or the requests for votes that it
// leads to, may arrive at any time, and voters grant those whom they hear.
std::optional<Instant> Raft::lease_end() const noexcept {
  const auto* leading = std::get_if<Leader>(&role_);
  if (!settings_.lease_drift || leading == nullptr) return std::nullopt;
  if (leading->lease_is_void && !mutant("lease-outlives-handover")) return std::nullopt;
  const std::optional<Instant> confirmed = confirmed_at();
  if (!confirmed) return std::nullopt;
  return *confirmed + (settings_.election_timeout_min - *settings_.lease_drift);
}

}  // namespace tenon::raft
