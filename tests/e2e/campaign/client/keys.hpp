// SPDX-License-Identifier: MIT
// The keys that a group of sessions shares. A key is retired, and a new one takes its place, before its history becomes
// dear to check: after so many operations, or so many whose outcome is unknown and which stay concurrent for ever. What
// is known for certain of a list or a counter is kept, and its last read is held against it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tenon::campaign {

enum class Content : std::uint8_t {
  text,     // put, compared and swapped, appended to, deleted
  number,   // put, incremented, compared and swapped, deleted
  list,     // only appended to
  counter,  // only incremented
};

// How an operation ended, as far as its key is concerned.
enum class Ending : std::uint8_t { done, refused, unknown };

// The values of one key at the time of a draw.
struct Drawn {
  std::size_t position = 0;  // in the group
  std::string name;
  Content content = Content::text;
  std::optional<std::string> seen;  // lately; nothing: absent
};

// For many threads.
class Keys {
 public:
  // `prefix` begins the name of every key.
  explicit Keys(std::string prefix);

  // One of those in use.
  Drawn draw(std::mt19937_64& random);
  // After each operation on it.
  void note(const Drawn& key, Ending ending);
  void note_seen(const Drawn& key, const std::optional<std::string>& value);
  // Of a list; an element is appended once.
  void note_appended(const Drawn& key, const std::string& element, Ending ending);
  // Of a counter. Needs: by > 0.
  void note_added(const Drawn& key, std::int64_t by, Ending ending);

  // Every key that was ever in use, in turn; nothing after the last.
  std::optional<Drawn> next_of_all();
  // What is wrong with the value that the key has in the end, when nothing is under way any more; empty: nothing.
  std::string fault_of(const Drawn& key, const std::optional<std::string>& value);

 private:
  struct Key {
    Drawn drawn;
    std::uint32_t operations = 0;
    std::uint32_t unknown = 0;
    std::vector<std::string> appended;    // for certain
    std::vector<std::string> unappended;  // for certain not
    std::int64_t added = 0;               // for certain
    std::int64_t perhaps_added = 0;
  };

  void open(std::size_t slot);

  std::mutex mutex_;
  std::string prefix_;
  std::deque<Key> keys_;            // all, in the order of their birth
  std::vector<std::size_t> slots_;  // those in use, one for each kind of content
  std::size_t next_ = 0;            // of next_of_all()
};

}  // namespace tenon::campaign
