// SPDX-License-Identifier: MIT
// What a leader knows of one follower's log, and how it sends to it.
//
//   probe      where the logs agree is not known: one Append at a time, each waits for an answer
//   replicate  it is known: Appends follow each other without waiting, as far as the window allows
//   snapshot   the log no longer holds what the follower needs: it waits for an image
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "raft/types.hpp"

namespace tenon::raft {

enum class ProgressState : std::uint8_t { probe, replicate, snapshot };

class Progress {
 public:
  // `next` is where the leader's log ends as it begins to lead; a follower that leads nobody yet is probed there.
  Progress(NodeId peer, LogIndex next, Instant now) noexcept : peer_(peer), next_(next), last_contact_(now) {}

  NodeId peer() const noexcept { return peer_; }
  ProgressState state() const noexcept { return state_; }
  LogIndex match() const noexcept { return match_; }
  LogIndex next() const noexcept { return next_; }
  Instant last_contact() const noexcept { return last_contact_; }
  std::uint64_t round() const noexcept { return round_; }
  LogIndex told_commit() const noexcept { return told_commit_; }

  // Any message of the current term has come from it.
  void heard(Instant now) noexcept {
    last_contact_ = now;
    is_connected_ = true;
    has_answered_ = true;
  }
  // It is not held to be silent before it could speak.
  void spare(Instant now) noexcept { last_contact_ = now; }
  // Whether it was heard since the leadership began.
  bool has_answered() const noexcept { return has_answered_; }
  // False from disconnected() until it is heard again.
  bool is_connected() const noexcept { return is_connected_; }

  // Whether an Append may be sent now.
  bool may_send(std::uint64_t window_bytes_max, std::size_t window_appends_max) const noexcept;
  // Where the next Append goes on: behind what was sent last, or at the probe.
  LogIndex goes_on_after() const noexcept { return probe_in_flight_ ? probed_up_to_ : next_.previous(); }
  // An Append with entries up to `last` has been sent, behind the heartbeat of `round`; it may be empty, then `last` is
  // goes_on_after().
  void sent(LogIndex last, std::uint64_t bytes, std::uint64_t round);
  // It has been told that this is committed.
  void told(LogIndex commit) noexcept { told_commit_ = std::max(told_commit_, commit); }

  // The logs agree up to `match`; that of the leader begins behind `boundary`. Returns whether that was not known.
  bool accepted(LogIndex match, LogIndex boundary) noexcept;
  // Whether a refusal of the Append after `previous` says something new.
  bool is_news(LogIndex previous) const noexcept;
  // Goes on with a probe at `next`. Needs: next > match().
  void probe_from(LogIndex next) noexcept;
  // What was sent since the last answer may be lost.
  void disconnected() noexcept;
  // A heartbeat of this round was answered. A probe that was sent before it and has not come is lost, and is repeated;
  // after one that has come, which may wait for a disk or whose answer may be lost, is asked. What has been under way
  // for a whole round may be lost, and a follower that does not know what it has acknowledged has started anew: both
  // are asked after, but not again by answers to heartbeats that were sent before the question.
  void heartbeat_answered(std::uint64_t round, LogIndex verified_index) noexcept;
  // Whether the end of what was sent is to be asked after; once.
  bool take_question() noexcept { return std::exchange(asks_after_, false); }

  // It needs what the log does not hold any more.
  void wait_for_image() noexcept;
  // Whether an image is to be asked for: once as it begins to wait, and again when what it was sent may be lost or did
  // not suffice.
  bool take_image_request() noexcept { return std::exchange(wants_image_, false); }

 private:
  struct Sent {
    LogIndex last;
    std::uint64_t bytes;
  };
  NodeId peer_;
  ProgressState state_ = ProgressState::probe;
  LogIndex match_;                     // never falls within a leadership; of snapshot before the leader's boundary
  LogIndex next_;                      // > match_
  std::deque<Sent> in_flight_;         // of replicate: ascending, within (match_, next_)
  std::uint64_t in_flight_bytes_ = 0;  // sum of in_flight_
  bool probe_in_flight_ = false;       // only of probe
  LogIndex probed_up_to_;              // of the probe in flight: >= next_ - 1
  std::uint64_t probed_round_ = 0;     // the round before it
  std::uint64_t asked_round_ = 0;      // the round before the last empty Append of replicate
  bool asks_after_ = false;
  bool wants_image_ = false;  // only of snapshot
  bool is_connected_ = true;
  bool has_answered_ = false;
  LogIndex match_at_heartbeat_;  // <= match_
  LogIndex told_commit_;
  std::uint64_t round_ = 0;  // of the newest heartbeat that it has answered
  Instant last_contact_;
};

}  // namespace tenon::raft
