// SPDX-License-Identifier: MIT
// Log entries and hard state as the core holds them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "raft/membership.hpp"
#include "raft/types.hpp"

namespace tenon::raft {

// Immutable bytes that several owners share: the log, the write under way, frames to peers. The view lies in what the
// owner keeps alive; many payloads of one drain may share one owner.
struct Payload {
  std::shared_ptr<const std::string> owner;
  std::string_view bytes;
};

enum class EntryKind : std::uint8_t {
  no_op = 1,       // what a leader appends first, to learn what is committed (thesis section 6.4)
  commands = 2,    // one or more commands of the state machine
  membership = 3,  // the members from this entry on
};

struct Entry {
  LogIndex index;
  Term term;
  EntryKind kind;
  Payload data;  // the bytes that storage and peers see; formatted by core/wire
  std::shared_ptr<const Membership> membership = nullptr;  // what the data of a membership entry says; else null
};

// What must be durable before a message that rests on it leaves (Raft paper, figure 2: persistent state).
struct HardState {
  Term term;
  NodeId voted_for;  // in `term`; 0: nobody
  bool operator==(const HardState&) const = default;
};

}  // namespace tenon::raft
