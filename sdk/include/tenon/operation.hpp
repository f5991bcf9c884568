// SPDX-License-Identifier: MIT
// Short ways to build the operations, compares and requests of client_api.h, and what is common to everyone who reads
// them. What is built borrows the bytes and arrays it was given; tenon_queue.submit copies them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/bytes.hpp"
#include "tenon/client_api.h"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

inline tenon_operation operation(std::uint32_t kind, std::string_view key) noexcept {
  tenon_operation made{};
  made.struct_size = sizeof made;
  made.kind = kind;
  made.key = bytes(key);
  return made;
}
inline tenon_operation get(std::string_view key) noexcept { return operation(TENON_GET, key); }
inline tenon_operation put(std::string_view key, std::string_view value, std::uint32_t flags = 0) noexcept {
  tenon_operation made = operation(TENON_PUT, key);
  made.flags = flags;
  made.value = bytes(value);
  return made;
}
inline tenon_operation erase(std::string_view key, std::uint32_t flags = 0) noexcept {
  tenon_operation made = operation(TENON_DELETE, key);
  made.flags = flags;
  return made;
}
// Keys from `first` on and below `end` (empty: to the last key), at most `limit` of them (0: the node's own bound).
inline tenon_operation scan(std::string_view first, std::string_view end, std::uint64_t limit = 0) noexcept {
  tenon_operation made = operation(TENON_SCAN, first);
  made.range_end = bytes(end);
  made.limit = limit;
  return made;
}
inline tenon_operation scan_prefix(std::string_view prefix, std::uint64_t limit = 0) noexcept {
  tenon_operation made = operation(TENON_SCAN, prefix);
  made.flags = TENON_RANGE_PREFIX;
  made.limit = limit;
  return made;
}
inline tenon_operation admin(std::string_view verb, std::string_view argument = {}) noexcept {
  tenon_operation made = operation(TENON_ADMIN, verb);
  made.value = bytes(argument);
  return made;
}

inline tenon_compare compare_value(std::string_view key, std::uint32_t relation, std::string_view value) noexcept {
  return {sizeof(tenon_compare), TENON_COMPARE_VALUE, relation, bytes(key), bytes(value), 0};
}
// `what` is TENON_COMPARE_VERSION, _CREATED or _MODIFIED.
inline tenon_compare compare_number(std::string_view key, std::uint32_t what, std::uint32_t relation,
                                    std::uint64_t number) noexcept {
  return {sizeof(tenon_compare), what, relation, bytes(key), {}, number};
}
inline tenon_compare absent(std::string_view key) noexcept {
  return compare_number(key, TENON_COMPARE_VERSION, TENON_EQUAL, 0);
}

inline tenon_request request(std::uint64_t id, std::span<const tenon_operation> operations,
                             std::span<const tenon_compare> compares = {},
                             std::span<const tenon_operation> otherwise = {}) noexcept {
  tenon_request made{};
  made.struct_size = sizeof made;
  made.id = id;
  made.compares = compares.data();
  made.compare_count = compares.size();
  made.operations = operations.data();
  made.operation_count = operations.size();
  made.otherwise = otherwise.data();
  made.otherwise_count = otherwise.size();
  return made;
}

// Whether an operation of this kind, within a transaction, can change the keyspace.
constexpr bool changes_keyspace(std::uint32_t kind) noexcept { return kind >= TENON_PUT && kind <= TENON_PERSIST; }

// The least key that is greater than every key with this prefix; empty when there is none, which as the end of a
// range means the same: to the last key.
inline std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace sdk_1
}  // namespace tenon
