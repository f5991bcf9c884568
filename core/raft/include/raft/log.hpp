// SPDX-License-Identifier: MIT
// The Raft log as the core sees it: the term of every entry, the memberships in it, and the newest entries themselves.
//
//   boundary        cache_first           durable            last
//      |  terms known  |   entries held     |   being written  |
//
// Terms are kept as runs (first index, term), so that term() never waits for storage. Entries before the cache are read
// back from storage by whoever needs them. What is durable is derived from the writes that storage has completed, so an
// entry that was overwritten while its first write was under way is not mistaken for durable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "raft/entry.hpp"

namespace tenon::raft {

class Log {
 public:
  struct MembershipAt {
    LogIndex index;
    std::shared_ptr<const Membership> membership;
  };

  // A log whose entries up to `boundary` are not kept: they are part of an image, or never were (0). `membership` is
  // that of the image.
  explicit Log(LogIndex boundary = {}, Term boundary_term = {}, Membership membership = {});

  LogIndex boundary() const noexcept { return boundary_; }
  LogIndex last_index() const noexcept { return last_; }
  Term last_term() const noexcept;
  // Every entry up to this one survives power loss on this node.
  LogIndex durable_index() const noexcept { return durable_; }
  // The write that makes the entry at `index` durable; 0: it is durable. Needs: index <= last_index().
  WriteSequence durable_with(LogIndex index) const noexcept;
  // What the last membership entry says, committed or not (thesis section 4.1: effective once appended).
  const Membership& membership() const noexcept { return *memberships_.back().membership; }
  // Where it stands; the boundary when no entry of the log says it.
  LogIndex membership_index() const noexcept { return memberships_.back().index; }
  // The one in force at `index`, and where it stands. Needs: boundary() <= index. Valid until the log changes.
  const MembershipAt& membership_as_of(LogIndex index) const noexcept;
  // Whether `holds` is true of that one, or of any behind it.
  template <class Holds>
  bool any_since(LogIndex index, const Holds& holds) const {
    return std::any_of(&membership_as_of(index), memberships_.data() + memberships_.size(),
                       [&](const MembershipAt& one) { return holds(*one.membership); });
  }
  // Whether `holds` is true of one that was proposed after the entry (index, term), which is committed. One of an
  // earlier term was not, wherever it stands.
  template <class Holds>
  bool any_after(LogIndex index, Term term, const Holds& holds) const {
    return std::any_of(memberships_.begin(), memberships_.end(), [&](const MembershipAt& one) {
      return one.index > index && this->term(one.index) >= term && holds(*one.membership);
    });
  }

  // The term of the entry at `index`, or of the boundary; nullopt when it is compacted or beyond the end, which the
  // caller tells apart by comparing with boundary() and last_index().
  std::optional<Term> term(LogIndex index) const noexcept;
  // The greatest index <= `from` whose term is <= `term`, or the boundary. Needs: boundary() <= from <= last_index().
  LogIndex last_not_after(LogIndex from, Term term) const noexcept;
  // The entry, while it is in the cache; null: read it from storage. Valid until the log changes.
  const Entry* cached(LogIndex index) const noexcept;
  std::uint64_t cached_bytes() const noexcept { return cached_bytes_; }

  // Adds what recovery read from storage, which is durable. Needs: the index after last_index(), a term not below its.
  void recover(Entry entry);
  // Adds an entry that `sequence` will write. Needs: as recover(), and no greater sequence was used before.
  void append(Entry entry, WriteSequence sequence);
  // Drops the entries from `from` on. Needs: boundary() < from <= last_index().
  void truncate(LogIndex from) noexcept;
  // Forgets the entries up to `up_to`: it is the boundary now, with the membership as of it. Needs: boundary() <= up_to
  // <= durable_index().
  void compact(LogIndex up_to);
  // Forgets every entry, for an image holds all up to `boundary`; what is on its way to the disk becomes durable no
  // more. Up to `boundary` the log is durable again with `sequence`, which empties it in storage. Needs: boundary >
  // boundary().
  void reset(LogIndex boundary, Term boundary_term, std::shared_ptr<const Membership> membership,
             WriteSequence sequence);
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
    LogIndex last;  // the last of its entries that is still in the log, or the one before them
  };

  void add(Entry entry);

  LogIndex boundary_;  // never falls
  Term boundary_term_;
  LogIndex last_;                          // >= boundary_
  LogIndex durable_;                       // <= last_; >= boundary_, but while a reset is being written
  std::vector<TermRun> term_runs_;         // ascending in index and in term; of the entries behind the boundary
  std::vector<MembershipAt> memberships_;  // ascending in index; never empty, the first is that of the boundary
  std::deque<Entry> cache_;                // the entries (last_ - size, last_]
  std::uint64_t cached_bytes_ = 0;         // sum of the data sizes in cache_
  std::deque<PendingWrite> pending_;       // ascending in sequence, and in index without falling
};

}  // namespace tenon::raft
