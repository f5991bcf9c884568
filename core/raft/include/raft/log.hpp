// SPDX-License-Identifier: MIT
// The Raft log as the core sees it: the term of every entry, and the newest entries themselves.
//
//   boundary        cache_first           durable            last
//      |  terms known  |   entries held     |   being written  |
//
// Terms are kept as runs (first index, term), so that term() never waits for storage. Entries before the cache are read
// back from storage by whoever needs them. What is durable is derived from the writes that storage has completed, so an
// entry that was overwritten while its first write was under way is not mistaken for durable.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "raft/entry.hpp"

namespace tenon::raft {

class Log {
 public:
  // A log whose entries up to `boundary` are not kept: they are part of an image, or never were (0).
  explicit Log(LogIndex boundary = {}, Term boundary_term = {}) noexcept;

  LogIndex boundary() const noexcept { return boundary_; }
  LogIndex last_index() const noexcept { return last_; }
  Term last_term() const noexcept;
  // Every entry up to this one survives power loss on this node.
  LogIndex durable_index() const noexcept { return durable_; }

  // The term of the entry at `index`, or of the boundary; nullopt when it is compacted or beyond the end, which the
  // caller tells apart by comparing with boundary() and last_index().
  std::optional<Term> term(LogIndex index) const noexcept;
  // The entry, while it is in the cache; null: read it from storage. Valid until the log changes.
  const Entry* cached(LogIndex index) const noexcept;
  std::uint64_t cached_bytes() const noexcept { return cached_bytes_; }

  // Adds what recovery read from storage, which is durable. Needs: the index after last_index(), a term not below its.
  void recover(Entry entry);
  // Adds an entry that `sequence` will write. Needs: as recover(), and no greater sequence was used before.
  void append(Entry entry, WriteSequence sequence);
  // Storage has completed every write up to `sequence`.
  void complete(WriteSequence sequence) noexcept;
  // Drops durable entries from the front of the cache until it holds at most `bytes_max`, or only what is not durable.
  void trim_cache(std::uint64_t bytes_max) noexcept;

 private:
  struct TermRun {
    LogIndex first;
    Term term;
  };
  struct PendingWrite {
    WriteSequence sequence;
    LogIndex last;  // the last entry that this write makes durable
  };

  void add(Entry entry);

  LogIndex boundary_;
  Term boundary_term_;
  LogIndex last_;                     // >= boundary_
  LogIndex durable_;                  // boundary_ <= durable_ <= last_
  std::vector<TermRun> term_runs_;    // ascending in index and in term
  std::deque<Entry> cache_;           // the entries (last_ - size, last_]
  std::uint64_t cached_bytes_ = 0;    // sum of the data sizes in cache_
  std::deque<PendingWrite> pending_;  // ascending in sequence and in index
};

}  // namespace tenon::raft
