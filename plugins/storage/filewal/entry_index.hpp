// SPDX-License-Identifier: MIT
// Where each entry of the log lies in its segment: 16 bytes of memory for each entry that is not compacted. It changes
// with the stream of writes, so it says what the log holds after all writes so far, durable or not.
#pragma once

#include <cstdint>
#include <deque>

#include "filewal/file_log.hpp"
#include "tenon/check.hpp"

namespace tenon::filewal {

class EntryIndex {
 public:
  // The entries are those with first() <= index <= last(); there are none when last() == first() - 1.
  std::uint64_t first() const noexcept { return first_; }
  std::uint64_t last() const noexcept { return first_ + locations_.size() - 1; }

  // An index fits when an entry with it it appends to the log or replaces a suffix of it.
  bool fits(std::uint64_t index) const noexcept { return first_ <= index && index <= last() + 1; }
  void append(std::uint64_t index, const EntryLocation& location) {
    truncate(index);
    locations_.push_back(location);
  }
  // Needs: fits(from).
  void truncate(std::uint64_t from) {
    TENON_CHECK(fits(from));
    locations_.resize(from - first_);
  }
  void compact(std::uint64_t to) {
    if (to < first_) return;
    const std::uint64_t count = to < last() ? to - first_ + 1 : locations_.size();
    locations_.erase(locations_.begin(), locations_.begin() + static_cast<std::ptrdiff_t>(count));
    first_ = to + 1;
  }
  // Needs: first() <= index <= last().
  const EntryLocation& at(std::uint64_t index) const {
    TENON_CHECK(first_ <= index && index <= last());
    return locations_[index - first_];
  }

 private:
  std::uint64_t first_ = 1;
  std::deque<EntryLocation> locations_;  // of first_, first_ + 1 ..
};

}  // namespace tenon::filewal
