// SPDX-License-Identifier: MIT
// A membership as entries and images hold it.
//
//   u32 count, 1 to kVotersMax, then `count` times u64 voter, u8 incarnation[16] (zero: not known), ascending
#pragma once

#include "raft/entry.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {

// Needs: 1 to kVotersMax voters.
void write_membership(ByteWriter& writer, const raft::Membership& membership);
// Fails the reader when it is malformed.
raft::Membership read_membership(ByteReader& reader);

}  // namespace tenon::wire
