// SPDX-License-Identifier: MIT
// Where scans stand. Clients know a cursor as a number; it stands for the last key that was looked at.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tenon::api_resp {

// Of JavaScript's numbers every integer below this has a place, and some clients keep cursors in those.
inline constexpr std::uint64_t kCursorsEnd = std::uint64_t{1} << 53;

// The cursor of a key: the same on every node and after every start. In [1, kCursorsEnd).
std::uint64_t cursor_of(std::string_view key) noexcept;

// Remembers the keys of the cursors that were handed out last. Of one thread.
class ScanCursors {
 public:
  explicit ScanCursors(std::uint64_t cursors_max) noexcept : cursors_max_(cursors_max) {}

  // Hands out the cursor of a key.
  std::uint64_t remember(std::string_view key);
  // The key of a cursor, or nullopt when it has been forgotten, or was never handed out here.
  std::optional<std::string> find(std::uint64_t cursor);
  std::size_t size() const noexcept { return keys_.size(); }

 private:
  struct Remembered {
    std::uint64_t cursor;
    std::string key;
  };

  const std::uint64_t cursors_max_;
  std::list<Remembered> keys_;  // the one used last in front; at most cursors_max_
  std::unordered_map<std::uint64_t, std::list<Remembered>::iterator> by_cursor_;
};

}  // namespace tenon::api_resp
