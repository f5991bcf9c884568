// SPDX-License-Identifier: MIT
// A command: what a client's request is once it is validated, and its byte form in log entries. Kinds, flags and
// relations have the values of client_api.h.
//
//   u8  format               2
//   u8  flags                bit 0: an operation that fails leaves the others in force
//   u16 zero
//   u64 session              0: none
//   u64 session_sequence     of the client; 0 without a session
//   u64 session_outstanding  its lowest sequence without an answer; 0 without a session
//   u32 compare_count, u32 operation_count, u32 otherwise_count
//   compare    u8 what, u8 relation, block key, then block value (what = value) or u64 number
//   operation  u8 kind, u32 flags, block key, then for
//              get            u64 revision
//              scan           block range_end, block cursor, u64 revision, u64 limit, u64 limit_bytes; then, when it
//                             has the flag for it, block pattern
//              put            block value, u64 expiry_ms
//              append         block value, u64 limit_bytes
//              increment      u64 delta, as two's complement
//              delete range   block range_end, block cursor, u64 limit
//              expire, session open   u64 expiry_ms
// A block is its size as u32 and its bytes. Limits are never 0 here: the node that took the request has put its own in,
// so that every node that applies the command does the same. An operation on sessions is the only one of its command,
// and there are no compares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::kv {

inline constexpr std::size_t kKeyBytesMax = 64u << 10;
inline constexpr std::size_t kOperationKeysMax = 10'000;  // keys that one request may touch

struct Compare {
  std::uint8_t what = 0;      // TENON_COMPARE_*
  std::uint8_t relation = 0;  // TENON_EQUAL..
  std::string_view key;
  std::string_view value;    // of TENON_COMPARE_VALUE
  std::uint64_t number = 0;  // of the others
};

struct Operation {
  std::uint32_t kind = 0;   // TENON_GET to TENON_PERSIST, or TENON_SESSION_OPEN to _CLOSE
  std::uint32_t flags = 0;  // those of tenon_operation that its kind knows
  std::string_view key;
  std::string_view range_end;
  std::string_view value;  // of a scan that matches: the pattern
  std::string_view cursor;
  std::uint64_t limit = 0;        // of a scan or a delete range, in keys; > 0
  std::uint64_t limit_bytes = 0;  // of a scan, of keys and values; of an append, of the value it makes; > 0
  std::int64_t delta = 0;
  std::uint64_t expiry_ms = 0;  // of a session: its duration, > 0
  std::uint64_t revision = 0;   // of a get or scan; 0: now
};

// All views borrow: from the request when it is encoded, from the encoded bytes when it is decoded.
struct Command {
  bool independent = false;
  std::uint64_t session = 0;
  std::uint64_t session_sequence = 0;
  std::uint64_t session_outstanding = 0;
  std::vector<Compare> compares;
  std::vector<Operation> operations;
  std::vector<Operation> otherwise;
};

// The keys [first, end), an empty end being beyond the last key.
struct Range {
  std::string first;
  std::string end;

  bool is_below_end(std::string_view key) const noexcept { return end.empty() || key < end; }
};
// What an operation with TENON_RANGE_* among its flags means.
Range range_of(std::uint32_t flags, std::string_view key, std::string_view range_end);

// Appends the command to `output`.
void encode(const Command& command, std::string& output);

// nullopt: not what encode() writes. Allocates no more than the data can hold.
std::optional<Command> decode(std::string_view data);
// The same into a command whose memory is used again. False: it is not what encode() writes, and `command` of no use.
bool decode(std::string_view data, Command& command);

// Whether applying the encoded command may make the state greater. Needs: what encode() writes.
bool grows(std::string_view data);

// Where a scan that has stopped goes on: beyond the key, in the state at the revision.
//   u8 format 2, u64 revision, key
struct Cursor {
  std::uint64_t revision = 0;
  std::string_view key;
};
std::string encode_cursor(const Cursor& cursor);
constexpr std::size_t encoded_cursor_bytes(std::string_view key) noexcept { return 1 + 8 + key.size(); }
// nullopt: not what encode_cursor() has made. Borrows.
std::optional<Cursor> decode_cursor(std::string_view cursor) noexcept;

// The revision whose state the command reads: the greatest that a get, a scan or a cursor names; 0: that of now.
std::uint64_t read_revision(const Command& command) noexcept;

}  // namespace tenon::kv
