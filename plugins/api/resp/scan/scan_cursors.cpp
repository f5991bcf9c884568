// SPDX-License-Identifier: MIT
#include "scan_cursors.hpp"

namespace tenon::api_resp {

// FNV-1a, and then a mixing of its bits, since only some of them are used.
std::uint64_t cursor_of(std::string_view key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char letter : key) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
  hash = (hash ^ hash >> 33) % kCursorsEnd;
  return hash == 0 ? 1 : hash;
}

std::uint64_t ScanCursors::remember(std::string_view key) {
  const std::uint64_t cursor = cursor_of(key);
  const auto found = by_cursor_.find(cursor);
  if (found != by_cursor_.end()) {
    keys_.splice(keys_.begin(), keys_, found->second);
    keys_.front().key = key;
    return cursor;
  }
  if (keys_.size() == cursors_max_) {
    by_cursor_.erase(keys_.back().cursor);
    keys_.pop_back();
  }
  keys_.push_front({cursor, std::string(key)});
  by_cursor_.emplace(cursor, keys_.begin());
  return cursor;
}

std::optional<std::string> ScanCursors::find(std::uint64_t cursor) {
  const auto found = by_cursor_.find(cursor);
  if (found == by_cursor_.end()) return std::nullopt;
  keys_.splice(keys_.begin(), keys_, found->second);
  return keys_.front().key;
}

}  // namespace tenon::api_resp
