// SPDX-License-Identifier: MIT
// A key of the keyspace as it lies in memory: its numbers, key and value in one allocation, never changed once it is
// made. A change makes another item in its place.
//
//   Item, key bytes, value bytes
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "kv/history.hpp"

namespace tenon::kv {

struct Item {
  std::uint64_t created;        // <= modified
  std::uint64_t modified;       // of a change under way: one above the revision of the store
  std::uint64_t version;        // >= 1
  std::uint64_t expires_at_ms;  // cluster time; 0: never
  std::uint64_t hash;           // what it adds to the state hash
  std::uint32_t key_bytes;
  std::uint32_t value_bytes;

  std::string_view key() const noexcept { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
  std::string_view value() const noexcept { return {reinterpret_cast<const char*>(this + 1) + key_bytes, value_bytes}; }
  bool expired(std::uint64_t cluster_time_ms) const noexcept {
    return expires_at_ms != 0 && expires_at_ms <= cluster_time_ms;
  }
  // What it shows to a watcher.
  Version shown() const noexcept { return {value(), created, modified, version, expires_at_ms}; }
};

void free_item(const Item* item) noexcept;
struct FreeItem {
  void operator()(const Item* item) const noexcept { free_item(item); }
};
using OwnedItem = std::unique_ptr<const Item, FreeItem>;

// What an item is made of; the value is `value` and behind it `value_end`.
struct ItemParts {
  std::string_view key;
  std::string_view value;
  std::string_view value_end;
  std::uint64_t created = 0;
  std::uint64_t modified = 0;
  std::uint64_t version = 0;
  std::uint64_t expires_at_ms = 0;
};
// Throws std::bad_alloc. Needs: key and value have less than 4 GiB each; callers have limits far below it.
OwnedItem make_item(const ItemParts& parts);

// How much of the image an item takes: its numbers and two sizes, key, value.
inline constexpr std::size_t kItemHeadBytes = 4 + 4 + 4 * 8;
inline std::uint64_t encoded_bytes(const Item& item) noexcept {
  return kItemHeadBytes + std::uint64_t{item.key_bytes} + item.value_bytes;
}

}  // namespace tenon::kv
