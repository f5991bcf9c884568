// SPDX-License-Identifier: MIT
// The data of a log entry, the same bytes in storage and on the way to peers.
//
//   u32 checksum         CRC-32C of all that follows
//   u8  format           1; of a membership 2
//   u8  kind             raft::EntryKind
//   u16 zero
//   u64 cluster_time_ms  commands: as the leader stamped it; other kinds: 0
//   no_op:               nothing more
//   commands:            u32 count, then `count` blocks, each a command as core/kv encodes it; none: a clock entry,
//                        which only moves cluster time
//   membership:          as membership_codec.hpp says
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "raft/entry.hpp"

namespace tenon::wire {

inline constexpr std::size_t kCommandsHeaderBytes = 4 + 4 + 8 + 4;
inline constexpr std::size_t kCommandHeaderBytes = 4;

std::string encode_no_op();
// Without commands: a clock entry.
std::string encode_commands(std::uint64_t cluster_time_ms, std::span<const std::string_view> commands);
// Needs: bounds and consistency as membership_codec.hpp says.
std::string encode_membership(const raft::Membership& membership);

struct DecodedEntry {
  raft::EntryKind kind;
  std::uint64_t cluster_time_ms = 0;
  std::vector<std::string_view> commands;  // views into the data
  raft::Membership membership;
};

// nullopt: the bytes are not what was written, or of a format or kind that is not known here.
std::optional<DecodedEntry> decode_entry(std::string_view data);

// The entry whose data this is, with what the core must know of it; nullopt as above. Commands are not looked into.
std::optional<raft::Entry> read_entry(raft::LogIndex index, raft::Term term, raft::Payload data);

}  // namespace tenon::wire
