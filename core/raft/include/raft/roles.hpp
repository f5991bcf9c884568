// SPDX-License-Identifier: MIT
// The roles, each with what only it knows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "raft/message.hpp"
#include "raft/progress.hpp"

namespace tenon::raft {

struct Follower {
  struct WaitingRead {
    Token token;
    Instant asked;
    std::uint64_t id;  // of the request that asked the leader; 0: it was not asked yet
  };
  NodeId leader;                           // of the current term; 0: not heard of
  Instant election_deadline;               // when it becomes a candidate
  bool woke_late = false;                  // the deadline was put off once, because time had jumped
  LogIndex verified_index;                 // the log is known to be the leader's up to here
  std::vector<WaitingRead> waiting_reads;  // those that were asked about first, and with one id
  bool asks_again = false;                 // the request may have been lost
  Instant asked_at{};                      // when it was last sent
};

struct Candidate {
  Ballot ballot;
  Cause cause;
  std::vector<NodeId> granted;  // ascending; of a vote: each durable where it was given, the own one too
  std::vector<NodeId> refused;  // ascending
  Instant election_deadline;    // when it gives up and asks anew
};

struct Leader {
  struct WaitingRead {
    NodeId origin;        // who asks: this node or a follower
    Token token;          // of this node's
    Instant asked;        // the same
    std::uint64_t id;     // of a follower's
    std::uint64_t round;  // the heartbeats that confirm it; 0: none was sent since it came
    LogIndex index;       // the commit index when that round began
  };
  struct Handover {
    NodeId target;
    Instant deadline;  // when it is given up
    bool asked;        // TimeoutNow was sent
  };
  // A node that is no member any more, and is to hear of that.
  struct Leaving {
    NodeId node;
    LogIndex removal;     // the entry that says so
    Instant deadline;     // when it is left to others to tell
    std::uint64_t round;  // the first heartbeats that told it that this is committed; 0: none yet
  };
  LogIndex term_start;              // the no-op with which this leadership began; <= last_index
  std::vector<Progress> followers;  // the other members and those in `leaving`, ascending
  std::vector<Leaving> leaving;     // no members
  static constexpr std::size_t kTimedRounds = 64;
  std::uint64_t round = 0;                          // of the newest heartbeats
  std::array<Instant, kTimedRounds> round_began{};  // of each of the newest rounds, at its number's remainder
  Instant heartbeat_due;
  std::optional<Instant> notice_due;  // when followers are told a commit index that they do not know; nullopt: all do
  std::vector<WaitingRead> waiting_reads;  // in order of arrival; at most one of each follower
  std::optional<Handover> handover;        // while set nothing is proposed
  bool lease_is_void = false;              // a voter was told to stand at once, and may do so at any time from then on
  std::optional<Instant> retires_by;  // of a leader that is no voter any more, when it ends; set once that is decided
};

using Role = std::variant<Follower, Candidate, Leader>;

}  // namespace tenon::raft
