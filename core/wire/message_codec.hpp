// SPDX-License-Identifier: MIT
// A Raft message as the body of a frame: u8 kind, u64 term, then what the kind has, in the order of raft/message.hpp.
//
//   ballots and causes are u8, a granted vote is u8 1 or 0, indexes, terms, rounds and ids are u64
//   an Append ends with u32 count and for each entry u64 term, u32 bytes; its entries go on from previous_index without
//   a gap, and their data follows the head of the frame in the same order
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "raft/message.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {

void write_incarnation(ByteWriter& writer, const raft::Incarnation& incarnation);
raft::Incarnation read_incarnation(ByteReader& reader) noexcept;

// Appends to `head` and `data`.
void write_message(std::string& head, const raft::Message& message, std::vector<raft::Payload>& data);
// nullopt: malformed, or the data of an entry is not what its checksum says. `data` is what follows the head, of which
// every byte must be used.
std::optional<raft::Message> read_message(ByteReader& reader, const raft::Payload& data);

}  // namespace tenon::wire
