// SPDX-License-Identifier: MIT
// What the state machine answers to a command.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/values.h"

namespace tenon::kv {

// What one reply may hold of keys, values and cursors. An operation that would pass it fails with TOO_LARGE instead.
// With the numbers of as many records as a request may touch, a reply still fits into a frame between nodes.
inline constexpr std::size_t kReplyBytesMax = 7u << 20;

struct Record {
  std::uint32_t kind = 0;  // TENON_RECORD_CURRENT or TENON_RECORD_PREVIOUS
  std::string key;
  std::string value;
  std::uint64_t created = 0;
  std::uint64_t modified = 0;       // >= created
  std::uint64_t version = 0;        // >= 1
  std::uint64_t expires_at_ms = 0;  // cluster time; 0: never
};

// Of one operation; what is in it for each kind stands at the kinds in client_api.h.
struct Result {
  tenon_error error = TENON_OK;  // not OK: the operation did nothing
  std::vector<Record> records;
  std::int64_t number = 0;
  std::string cursor;
};

struct Reply {
  // Nothing was executed now, and of an earlier try of the same session and sequence nothing is known any more. There
  // are no results.
  bool session_expired = false;
  // Not OK: the session does not take the command, which is surely not executed, and there are no results. BUSY: its
  // sequence is too far ahead. REUSED: the sequence belongs to another request. INVALID: it has none.
  tenon_error refusal = TENON_OK;
  // An earlier try of the same session and sequence was executed, and its results were too large to be kept. There are
  // none.
  bool results_forgotten = false;
  bool took_otherwise = false;  // a compare failed
  std::uint64_t revision = 0;   // of the state that the results show
  std::uint64_t cluster_time_ms = 0;
  std::uint64_t bytes = 0;  // that the results hold of keys, values and cursors
  std::vector<Result> results;
};

}  // namespace tenon::kv
