// SPDX-License-Identifier: MIT
// The state machine's reply on its way from the leader to the node that forwarded the command.
//
//   u8 flags (1 took otherwise, 2 session expired, 4 results forgotten), u64 revision, u64 cluster_time_ms, u64 bytes
//   u32 count of results, each: u32 error, u64 number, block cursor, u32 count of records
//   each record: u32 kind, block key, block value, u64 created, u64 modified, u64 version,
//   u64 expires_at_ms
#pragma once

#include <string>

#include "kv/reply.hpp"
#include "tenon/bytes.hpp"

namespace tenon::wire {

void write_reply(std::string& head, const kv::Reply& reply);
// False: malformed.
bool read_reply(ByteReader& reader, kv::Reply& reply);

}  // namespace tenon::wire
