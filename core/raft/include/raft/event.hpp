// SPDX-License-Identifier: MIT
// What can happen to the core. A storage error is not among it: the node stops.
#pragma once

#include <variant>
#include <vector>

#include "raft/message.hpp"

namespace tenon::raft {

// Time has passed, and all that happened until now was handed in: what goes to peers is composed now, so that what
// happened together travels together.
struct Tick {};

// A voter of the membership has sent a message.
struct Received {
  NodeId from;
  Message message;
};

// What was sent to this peer and not answered may be lost, in either direction.
struct Disconnected {
  NodeId peer;
};

// Someone wants an entry in the log. Answered by one effect, Proposed or Rejected, in the same step.
struct Propose {
  Token token;
  EntryKind kind;
  Payload data;
  std::shared_ptr<const Membership> membership = nullptr;  // what the data of a membership entry says; else null
};

// Someone wants to read what is committed now. Answered by one effect, ReadReady or Rejected, in this step or later.
struct Read {
  Token token;
};

// Storage has made every write up to `sequence` durable.
struct WriteDurable {
  WriteSequence sequence;
};

// The answer to one EntriesWanted: the entries from its first on, as many as one read brings.
struct EntriesRead {
  NodeId peer;
  std::vector<Entry> entries;  // not empty, contiguous
};

// A peer holds an image that ends at `index`, which is committed.
struct ImageInstalled {
  NodeId peer;
  LogIndex index;
};

// Leadership is to go to `target`; 0: to the voter whose log is the longest. Ignored by a node that does not lead.
struct Transfer {
  NodeId target;
};

using Happening =
    std::variant<Tick, Received, Disconnected, Propose, Read, WriteDurable, EntriesRead, ImageInstalled, Transfer>;

struct Event {
  Instant now;  // never earlier than that of the event before
  Happening what;
};

}  // namespace tenon::raft
