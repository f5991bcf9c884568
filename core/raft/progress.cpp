// SPDX-License-Identifier: MIT
#include "raft/progress.hpp"

#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

bool Progress::may_send(std::uint64_t window_bytes_max, std::size_t window_appends_max) const noexcept {
  switch (state_) {
    case ProgressState::probe:
      return !probe_in_flight_;
    case ProgressState::replicate:
      return in_flight_bytes_ < window_bytes_max && in_flight_.size() < window_appends_max;
    default:
      return false;
  }
}

void Progress::sent(LogIndex last, std::uint64_t bytes, std::uint64_t round) {
  TENON_CHECK(last.next() >= next_);
  if (state_ == ProgressState::probe) {
    probe_in_flight_ = true;
    probed_up_to_ = last;
    probed_round_ = round;
    return;
  }
  if (last < next_) {
    asked_round_ = round;
    return;
  }
  next_ = last.next();
  in_flight_.push_back({last, bytes});
  in_flight_bytes_ += bytes;
}

bool Progress::accepted(LogIndex match, LogIndex boundary) noexcept {
  if (state_ == ProgressState::probe) {
    probe_in_flight_ = false;
    state_ = ProgressState::replicate;
    next_ = std::max(match_, match).next();
  }
  while (!in_flight_.empty() && in_flight_.front().last <= match) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  if (match <= match_) return false;
  match_ = match;
  next_ = std::max(next_, match.next());
  if (state_ == ProgressState::snapshot) {
    // An image that took long may end before the log begins by now: then another is needed.
    if (match_ < boundary) {
      wants_image_ = true;
    } else {
      probe_from(next_);
    }
  }
  return true;
}

// A refusal may be old: repeated, or overtaken by one that came later. Who refuses what it has acknowledged is another
// node of that number, which would refuse the same probe for ever: it is asked again with the next heartbeat alone.
bool Progress::is_news(LogIndex previous) const noexcept {
  if (previous <= match_) return false;
  return state_ == ProgressState::replicate || (state_ == ProgressState::probe && previous.next() == next_);
}

void Progress::probe_from(LogIndex next) noexcept {
  TENON_CHECK(next > match_);
  state_ = ProgressState::probe;
  next_ = next;
  in_flight_.clear();
  if (!mutant("window-never-freed")) in_flight_bytes_ = 0;
  probe_in_flight_ = false;
  asks_after_ = false;
  wants_image_ = false;
}

void Progress::disconnected() noexcept {
  is_connected_ = false;
  if (state_ == ProgressState::snapshot) {
    wants_image_ = true;
  } else {
    probe_from(match_.next());
  }
}

void Progress::heartbeat_answered(std::uint64_t round, LogIndex verified_index) noexcept {
  round_ = std::max(round_, round);
  const bool may_be_lost = !in_flight_.empty() && match_ == match_at_heartbeat_;
  // Answers of earlier heartbeats than the last question say nothing: reads make many of them.
  const bool is_answered = round > asked_round_;
  asks_after_ = state_ == ProgressState::replicate && is_answered && (may_be_lost || verified_index < match_);
  match_at_heartbeat_ = match_;
  // Nor do those of earlier heartbeats than a probe, which may be much to send.
  if (!probe_in_flight_ || round <= probed_round_) return;
  if (verified_index >= probed_up_to_) {
    asks_after_ = true;
  } else if (!mutant("lost-probe-not-repeated")) {
    probe_in_flight_ = false;
  }
}

void Progress::wait_for_image() noexcept {
  probe_from(match_.next());
  state_ = ProgressState::snapshot;
  wants_image_ = true;
}

}  // namespace tenon::raft
