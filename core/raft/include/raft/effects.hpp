// SPDX-License-Identifier: MIT
// What the core asks of whoever drives it, in the order in which it is to be done: the write first, then the answers.
// Nothing here rests on a write of the same step: what does waits inside the core for its WriteDurable.
#pragma once

#include <optional>
#include <vector>

#include "raft/entry.hpp"

namespace tenon::raft {

// One write of the ordered stream that storage performs. Hard state first, then the entries.
struct Write {
  WriteSequence sequence;  // one more than that of the write before
  std::optional<HardState> hard_state;
  std::vector<Entry> entries;  // contiguous; go on from the end of the log
};

struct Proposed {
  Token token;
  LogIndex index;  // where the entry stands; it is decided when the commit index reaches it, if `term` is still there
  Term term;
};

enum class Rejection {
  not_leader,      // surely not in the log; the leader may be known
  leadership_lost  // of a read: the leader it was given to leads no more
};

struct Rejected {
  Token token;
  Rejection why;
  NodeId leader;  // as last heard of; 0: not known
};

// The read may be answered from any state that has applied `index` (thesis section 6.4).
struct ReadReady {
  Token token;
  LogIndex index;
};

enum class RoleName { follower, candidate, leader };

struct RoleChanged {
  RoleName role;
  Term term;
  NodeId leader;  // 0: not known
};

struct Effects {
  std::optional<Write> write;
  std::vector<RoleChanged> roles;
  std::vector<Proposed> proposed;
  std::vector<Rejected> rejected;
  std::vector<ReadReady> reads;
  std::optional<LogIndex> committed;  // the commit index has moved here: apply what is not yet applied
};

}  // namespace tenon::raft
