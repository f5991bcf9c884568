// SPDX-License-Identifier: MIT
// What the core asks of whoever drives it, in the order in which it is to be done: the write first, then the messages,
// then the answers. Nothing here rests on a write that is not durable: what does waits inside the core for its
// WriteDurable.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "raft/event.hpp"
#include "raft/message.hpp"

namespace tenon::raft {

// One write of the ordered stream that storage performs. Hard state first, then the truncation, then the entries, then
// the compaction.
struct Write {
  WriteSequence sequence;  // one more than that of the write before
  std::optional<HardState> hard_state;
  std::optional<LogIndex> truncate_from;  // every entry from here on is dropped
  std::vector<Entry> entries;             // contiguous; go on from the end of the log
  // Entries up to here may go. A log that ends here or before is emptied, and goes on behind it.
  std::optional<LogIndex> compact_to;
};

struct Send {
  NodeId to;
  Message message;
};

// Entries that a peer needs and that are not in the cache: to be read from storage, which holds them. Answered by one
// EntriesRead. At most one is under way for each peer.
struct EntriesWanted {
  NodeId peer;
  LogIndex first;
  LogIndex end;  // > first
  std::uint64_t bytes_max;
};

// The log no longer holds what a peer needs: it is to be sent an image, until it has acknowledged one. Repeated when
// the peer may have lost what was sent, and when the image that it has acknowledged ends before the log begins.
struct ImageWanted {
  NodeId peer;
};

struct Proposed {
  Token token;
  LogIndex index;  // where the entry stands; it is decided when the commit index reaches it, if `term` is still there
  Term term;
};

enum class Rejection {
  not_leader,       // surely not in the log; the leader may be known
  transferring,     // the same; leadership is being handed over
  leadership_lost,  // of a read: whoever was asked leads no more, or could not be asked
  // Of a membership, which is surely not in the log:
  change_undecided,  // the one before is not committed
  term_undecided,    // nothing of this leader's term is committed
  illegal_change,    // it may not follow the one before
};

struct Rejected {
  Token token;
  Rejection why;
  NodeId leader;                 // as last heard of; 0: not known
  std::string_view reason = {};  // of an illegal change; a literal, for people
};

// The read may be answered from any state that has applied `index` (thesis section 6.4): it shows all that was
// committed when the read was asked for. What rests on a lease is to be looked at again before it leaves:
// Raft::lease_end().
struct ReadReady {
  Token token;
  LogIndex index;
  ReadProof proof;
  Instant asked;  // when the read came to this node
};

enum class RoleName { follower, candidate, leader };

struct RoleChanged {
  RoleName role;
  Term term;
  NodeId leader;           // 0: not known
  std::string_view cause;  // for people; a literal
};

// What this node has said to one that asks for its vote.
enum class Verdict : std::uint8_t {
  granted,
  old_term,   // the term in which it wants to lead is over
  lease,      // the leader is heard of
  vote_hold,  // this node has just started
  old_log,    // its log ends before that of this node
  voted,      // the vote of this term went to another
  removed,    // it is no member any more, and was told so
  joining,    // this node has joined, and no membership of its log says so yet
};
struct VoteDecided {
  NodeId candidate;
  Term term;  // in which it wants to lead
  Ballot ballot;
  Verdict verdict;
};

// A follower has answered a heartbeat of this leadership.
struct HeartbeatAnswered {
  NodeId follower;
  Duration took;  // since it was sent; of one before the last Leader::kTimedRounds at least this
};

// One for each reason to drop a message, so that it can be counted.
enum class Drop : std::uint8_t {
  old_term,       // from a term that is over
  not_a_member,   // its sender is no member, and says what only members may
  stale,          // answers something that is decided
  lease,          // asks for a vote while the leader is heard of
  vote_hold,      // asks for a vote of a node that has just started
  malformed,      // entries that do not go on from each other
  not_electable,  // asks a node to lead that must not
  not_leading,    // asks a node for what only a leader gives
};
inline constexpr std::size_t kDropCount = 8;

struct Effects {
  std::optional<Write> write;
  std::vector<Send> sends;
  std::vector<EntriesWanted> entries_wanted;
  std::vector<ImageWanted> images_wanted;
  std::vector<RoleChanged> roles;
  std::vector<VoteDecided> votes;
  std::vector<HeartbeatAnswered> heartbeats;
  std::vector<Proposed> proposed;
  std::vector<Rejected> rejected;
  std::vector<ReadReady> reads;
  std::vector<Drop> drops;
  std::optional<LogIndex> removed;  // this node was a member, and is none any more by what is committed up to there
};

}  // namespace tenon::raft
