// SPDX-License-Identifier: MIT
// The latest of what has happened to a node and is worth a line in a timeline: elections, changes of the membership,
// images, its own standing, differing states. Kept in memory only, so that a restart begins anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace tenon::host {

class EventHistory {
 public:
  static constexpr std::size_t kEventsMax = 256;      // the oldest give way
  static constexpr std::size_t kTextBytesMax = 1024;  // of one event; what is longer is cut

  enum class Kind : std::uint8_t { election, membership, snapshot, standing, state };

  // Any thread. Bytes of the text that are not printable ASCII are replaced by `?`.
  void add(Kind kind, std::string_view text, std::uint64_t wall_time_ms);
  // The events behind this sequence, ascending, as lines of `sequence time_ms kind text`. Sequences count from 1. Any
  // thread.
  std::string text_since(std::uint64_t sequence) const;

 private:
  struct Event {
    std::uint64_t sequence;
    std::uint64_t wall_time_ms;
    Kind kind;
    std::string text;
  };

  mutable std::mutex mutex_;
  std::deque<Event> events_;  // at most kEventsMax, ascending by sequence
  std::uint64_t next_sequence_ = 1;
};

}  // namespace tenon::host
