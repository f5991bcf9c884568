// SPDX-License-Identifier: MIT
// What can happen to the core. A storage error is not among it: the node stops.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "raft/message.hpp"

namespace tenon::raft {

// Time has passed, and all that happened until now was handed in: what goes to peers is composed now, so that what
// happened together travels together.
struct Tick {
  std::optional<Instant> reads_since = std::nullopt;  // entries to be applied are waited for since then; nullopt: none
};

// A node of this cluster has sent a message; it need not be a member.
struct Received {
  NodeId from;
  Message message;
};

// What was sent to this peer and not answered may be lost, in either direction.
struct Disconnected {
  NodeId peer;
};

// Someone wants an entry in the log; of memberships only one that may follow, and one at a time. Answered by one
// effect, Proposed or Rejected, in the same step.
struct Propose {
  Token token;
  EntryKind kind;
  Payload data;
  std::shared_ptr<const Membership> membership = nullptr;  // what the data of a membership entry says; else null
};

// How a read is known to see what was committed when it came.
enum class ReadProof : std::uint8_t {
  round,  // a majority has answered the leader since (thesis section 6.4)
  lease,  // a majority will help no other to lead for a while, and has said so a short time ago (thesis section 6.4.1)
};

// Someone wants to read what is committed now. Answered by one effect, ReadReady or Rejected, in this step or later.
// Who would be content with a lease is answered by a round when there is none.
struct Read {
  Token token;
  ReadProof proof = ReadProof::round;
};

// Storage has made every write up to `sequence` durable.
struct WriteDurable {
  WriteSequence sequence;
};

// The answer to one EntriesWanted: the entries from its first on, as many as one read brings.
struct EntriesRead {
  NodeId peer;
  std::vector<Entry> entries;  // contiguous; empty: the log does not hold the first any more
};

// An image that ends at (index, term), which are committed, is durable here and the newest in storage: what it holds
// takes the place of the log up to there (Raft paper, section 7). When the log does not hold that entry all of it goes,
// and the effects of this step are to be performed before the next one.
struct ImageReceived {
  LogIndex index;
  Term term;                                     // not looked at when `index` is known to be committed
  std::shared_ptr<const Membership> membership;  // as of that entry; the same
  NodeId leader;                                 // who sent it, and is to be told
};

// An image in storage holds what the log says up to here, which is applied: the log need not keep it. Ignored when it
// does not any more. Needs: committed, and durable in the log too.
struct Compact {
  LogIndex up_to;
};

// Leadership is to go to `target`; 0: to the voter whose log is the longest. Ignored by a node that does not lead.
struct Transfer {
  NodeId target;
};

using Happening = std::variant<Tick, Received, Disconnected, Propose, Read, WriteDurable, EntriesRead, ImageReceived,
                               Compact, Transfer>;

struct Event {
  Instant now;  // never earlier than that of the event before
  Happening what;
};

}  // namespace tenon::raft
