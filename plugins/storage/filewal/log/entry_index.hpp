// SPDX-License-Identifier: MIT
// Where each entry of the log lies: 16 bytes of memory for each entry that is not compacted. It changes with the stream
// of writes, so it says what the log holds after all writes so far, durable or not.
//
// While recovery reads the segments that are left, the entries before the oldest of them may be unknown: they lie in
// segments that are gone. Whatever removed those has compacted or superseded these entries in what is left.
#pragma once

#include <cstdint>
#include <deque>

#include "filewal/file_log.hpp"
#include "tenon/check.hpp"

namespace tenon::filewal {

class EntryIndex {
 public:
  EntryIndex() = default;
  // A log that holds first to last, all of them unknown. Needs: first >= 1, last >= first - 1.
  EntryIndex(std::uint64_t first, std::uint64_t last) : first_(first), known_first_(last + 1) {
    TENON_CHECK(first >= 1 && last >= first - 1);
  }

  // The entries are those with first() <= index <= last(); there are none when last() == first() - 1.
  std::uint64_t first() const noexcept { return first_; }
  std::uint64_t last() const noexcept { return known_first_ + locations_.size() - 1; }
  // Entries below it are unknown; first() when none is.
  std::uint64_t known_first() const noexcept { return known_first_; }
  bool empty() const noexcept { return last() < first(); }

  // An index fits when an entry with it it appends to the log or replaces a suffix of it.
  bool fits(std::uint64_t index) const noexcept { return first_ <= index && index <= last() + 1; }
  void append(std::uint64_t index, const EntryLocation& location) {
    truncate(index);
    locations_.push_back(location);
  }
  // Needs: fits(from).
  void truncate(std::uint64_t from) {
    TENON_CHECK(fits(from));
    if (from < known_first_) {
      known_first_ = from;
      locations_.clear();
    }
    locations_.resize(from - known_first_);
  }
  void compact(std::uint64_t to) {
    if (to < first_) return;
    first_ = to + 1;
    if (first_ <= known_first_) return;
    const std::uint64_t count = to < last() ? first_ - known_first_ : locations_.size();
    locations_.erase(locations_.begin(), locations_.begin() + static_cast<std::ptrdiff_t>(count));
    known_first_ = first_;
  }
  // Needs: known_first() <= index <= last().
  const EntryLocation& at(std::uint64_t index) const {
    TENON_CHECK(known_first_ <= index && index <= last());
    return locations_[index - known_first_];
  }

 private:
  std::uint64_t first_ = 1;
  std::uint64_t known_first_ = 1;        // >= first_
  std::deque<EntryLocation> locations_;  // of known_first_, known_first_ + 1 ..; their places ascend
};

}  // namespace tenon::filewal
