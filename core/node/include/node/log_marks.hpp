// SPDX-License-Identifier: MIT
// How many bytes of the log lie behind which index, closely enough to decide how much of it is kept: a mark every
// `interval_bytes` of applied entries. The log is shortened to marks only, so that it is shortened seldom.
#pragma once

#include <cstdint>
#include <deque>

#include "raft/types.hpp"

namespace tenon::node {

class LogMarks {
 public:
  // The log begins behind `boundary`. Needs: interval_bytes > 0.
  LogMarks(raft::LogIndex boundary, std::uint64_t interval_bytes) : interval_bytes_(interval_bytes) {
    marks_.push_back({boundary, 0});
  }

  // The entry at `index` is applied. Needs: ascending.
  void applied(raft::LogIndex index, std::uint64_t bytes) {
    bytes_ += bytes;
    if (bytes_ - marks_.back().bytes >= interval_bytes_) marks_.push_back({index, bytes_});
  }
  // Makes the entry that was applied last a mark, so that the log can be shortened to it.
  void mark(raft::LogIndex applied) {
    if (marks_.back().index < applied) marks_.push_back({applied, bytes_});
  }
  // The greatest mark that is not behind `index` and has at least `bytes` of applied entries behind it; else the
  // first.
  raft::LogIndex last_before(raft::LogIndex index, std::uint64_t bytes) const noexcept {
    raft::LogIndex found = marks_.front().index;
    for (const Mark& mark : marks_) {
      if (mark.index > index || bytes_ - mark.bytes < bytes) break;
      found = mark.index;
    }
    return found;
  }
  // The log begins behind `boundary` now.
  void compacted(raft::LogIndex boundary) {
    while (marks_.size() > 1 && marks_[1].index <= boundary) marks_.pop_front();
  }
  // The log is empty behind `boundary`.
  void reset(raft::LogIndex boundary) { marks_.assign(1, {boundary, bytes_}); }
  // Of the applied entries that the log holds.
  std::uint64_t held_bytes() const noexcept { return bytes_ - marks_.front().bytes; }
  // Of the applied entries behind `index`, or a little more.
  std::uint64_t bytes_behind(raft::LogIndex index) const noexcept {
    const Mark* found = &marks_.front();
    for (const Mark& mark : marks_) {
      if (mark.index > index) break;
      found = &mark;
    }
    return bytes_ - found->bytes;
  }
  // Of every entry that was ever applied here.
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  struct Mark {
    raft::LogIndex index;
    std::uint64_t bytes;  // of the entries up to it
  };
  std::uint64_t interval_bytes_;
  std::deque<Mark> marks_;  // ascending; never empty
  std::uint64_t bytes_ = 0;
};

}  // namespace tenon::node
