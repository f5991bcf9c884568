// SPDX-License-Identifier: MIT
// What can happen to the core. A storage error is not among it: the node stops.
#pragma once

#include <variant>

#include "raft/entry.hpp"

namespace tenon::raft {

// Time has passed; nothing else has.
struct Tick {};

// Someone wants an entry in the log. Answered by one effect, Proposed or Rejected, in the same step.
struct Propose {
  Token token;
  EntryKind kind;
  Payload data;
};

// Someone wants to read what is committed now. Answered by one effect, ReadReady or Rejected, in this step or later.
struct Read {
  Token token;
};

// Storage has made every write up to `sequence` durable.
struct WriteDurable {
  WriteSequence sequence;
};

using Happening = std::variant<Tick, Propose, Read, WriteDurable>;

struct Event {
  Instant now;  // never earlier than that of the event before
  Happening what;
};

}  // namespace tenon::raft
