// SPDX-License-Identifier: MIT
// What nodes say to each other. Messages may be lost, and may overtake each other; each says what it needs to be
// judged alone: its term, and of a reply what it replies to. core/wire turns them into bytes.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/entry.hpp"

namespace tenon::raft {

enum class Ballot : std::uint8_t {
  pre_vote = 1,  // would you vote for me? Changes nothing anywhere (thesis section 9.6)
  vote = 2,
};
enum class Cause : std::uint8_t {
  timeout = 1,   // no leader was heard of
  transfer = 2,  // the leader asked for it, so its own presence is no reason to refuse (thesis section 4.2.3)
};

// Raft paper, section 5.2.
struct VoteRequest {
  Term term;  // in which it wants to lead; of a pre-vote one more than its own
  Ballot ballot;
  Cause cause;
  LogIndex last_index;  // of its log
  Term last_term;
};
struct VoteReply {
  Term term;  // granted: that of the request. Refused: the voter's own
  Ballot ballot;
  bool granted;
};

// Raft paper, section 5.3.
struct Append {
  Term term;
  LogIndex previous_index;  // of the entry before the first; the follower must have it
  Term previous_term;
  LogIndex commit_index;
  std::vector<Entry> entries;  // contiguous from previous_index.next(); may be empty
};
struct AppendAccepted {
  Term term;
  // The follower's durable log is the leader's up to here: one Append has shown it, or it is committed.
  LogIndex match_index;
};
struct AppendRejected {
  Term term;
  LogIndex previous_index;  // that of the Append
  LogIndex hint_index;      // the last entry of the follower that may agree, and its term
  Term hint_term;
};

// Says who leads. Asserts nothing about the follower's log, so that its answer waits for no disk.
struct Heartbeat {
  Term term;
  LogIndex commit_index;  // <= what the leader knows the follower to hold
  std::uint64_t round;    // ascending within the term; 0: no answer is wanted
};
struct HeartbeatReply {
  Term term;
  std::uint64_t round;
  LogIndex verified_index;  // up to which an Append of this term has shown the follower that its log is the leader's
};

// Hand leadership over: start an election at once, if your log is this one (thesis section 3.10).
struct TimeoutNow {
  Term term;
  LogIndex last_index;
  Term last_term;
};

// A follower asks for an index from which it may serve reads by itself (thesis section 6.4).
struct ReadIndexRequest {
  Term term;
  std::uint64_t id;  // unlike any that its sender used before, also before a restart
};
struct ReadIndexReply {
  Term term;
  std::uint64_t id;
  LogIndex index;  // committed when the request came
};

// Answers a request for a vote: who asks was a member, and by what is committed up to `index` is none any more.
struct Removed {
  Term term;
  LogIndex index;
  Term index_term;  // of the entry there
};

using Message = std::variant<VoteRequest, VoteReply, Append, AppendAccepted, AppendRejected, Heartbeat, HeartbeatReply,
                             TimeoutNow, ReadIndexRequest, ReadIndexReply, Removed>;

inline Term term_of(const Message& message) noexcept {
  return std::visit([](const auto& one) { return one.term; }, message);
}

// Whether it says what a member has promised or holds, so that it counts somewhere. Whoever leads, or asks for a vote,
// says nothing of that kind: the one was elected by others, and the other is judged by its log.
inline bool is_answer(const Message& message) noexcept {
  return std::holds_alternative<VoteReply>(message) || std::holds_alternative<AppendAccepted>(message) ||
         std::holds_alternative<AppendRejected>(message) || std::holds_alternative<HeartbeatReply>(message) ||
         std::holds_alternative<ReadIndexRequest>(message);
}

// Whether only a leader says it, to who is to hold what it holds; what is answered counts for this leader.
inline bool is_from_leader(const Message& message) noexcept {
  return std::holds_alternative<Append>(message) || std::holds_alternative<Heartbeat>(message) ||
         std::holds_alternative<TimeoutNow>(message);
}

}  // namespace tenon::raft
