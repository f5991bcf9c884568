// SPDX-License-Identifier: MIT
// A command: what a client's request is once it is validated, and its byte form in log entries. Kinds, flags and
// relations have the values of client_api.h.
//
//   u8  format               1
//   u8  flags                bit 0: an operation that fails leaves the others in force
//   u16 zero
//   u64 session              0: none
//   u64 session_sequence     of the client; 0 without a session
//   u64 session_outstanding  its lowest sequence without an answer; 0 without a session
//   u32 compare_count, u32 operation_count, u32 otherwise_count
//   compare    u8 what, u8 relation, block key, then block value (what = value) or u64 number
//   operation  u8 kind, u32 flags, block key, then for a put: block value;
//              for a scan: block range_end, block cursor, u64 limit, u64 limit_bytes
// A block is its size as u32 and its bytes. Limits of scans are never 0 here: the node that took the request has put
// its own in, so that every node that applies the command does the same.
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
  std::uint32_t kind = 0;   // TENON_GET, TENON_SCAN, TENON_PUT or TENON_DELETE
  std::uint32_t flags = 0;  // those of tenon_operation that its kind knows
  std::string_view key;
  std::string_view range_end;
  std::string_view value;
  std::string_view cursor;
  std::uint64_t limit = 0;        // of a scan, in keys; > 0
  std::uint64_t limit_bytes = 0;  // of a scan, of keys and values; > 0
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

// Appends the command to `output`.
void encode(const Command& command, std::string& output);

// nullopt: not what encode() writes. Allocates no more than the data can hold.
std::optional<Command> decode(std::string_view data);

// Whether applying the encoded command may make the state greater. Needs: what encode() writes.
bool grows(std::string_view data);

// Where a scan that stopped after `key` goes on, and back: the key, or nullopt when it is not what encode_cursor()
// made.
std::string encode_cursor(std::string_view key);
constexpr std::size_t encoded_cursor_bytes(std::string_view key) noexcept { return key.size() + 1; }
std::optional<std::string_view> decode_cursor(std::string_view cursor) noexcept;

}  // namespace tenon::kv
