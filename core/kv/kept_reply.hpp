// SPDX-License-Identifier: MIT
// A reply as a session keeps it. Results that are alike and hold no records stand there once, so that a batch of writes
// is kept in a few bytes.
//
//   u8 format    1
//   u8 flags     bit 0: took otherwise, bit 1: the results are forgotten
//   u64 revision, u64 cluster_time_ms, u64 bytes, u32 count of runs
//   each run     u32 how many, u32 error, u64 number, block cursor, u32 count of records
//   each record  u32 kind, block key, block value, u64 created, u64 modified, u64 version, u64 expires_at_ms
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kv/reply.hpp"

namespace tenon::kv {

std::string encode_kept(const Reply& reply);
// The same without its results, which are then forgotten; less than kKeptSmallBytesMax.
std::string encode_outcome(const Reply& reply);
// nullopt: not what encode_kept() writes. Allocates for no more results than a request may have operations.
std::optional<Reply> decode_kept(std::string_view data);

}  // namespace tenon::kv
