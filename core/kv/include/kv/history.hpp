// SPDX-License-Identifier: MIT
// The latest changes of the keyspace, for those who watch it. It is no part of the state: nodes may keep more or less
// of it, and a node that has loaded an image begins anew.
//
// Model. Changes come in the order of their revisions, those of one revision one after the other, and are kept and
// dropped by whole revisions. What is kept is everything from oldest() on; a reader who wants what is before it is told
// so, and never gets a sequence with a gap.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::kv {

// A key and its numbers at a revision; the meanings are those of tenon_record.
struct Version {
  std::string_view value;
  std::uint64_t created = 0;
  std::uint64_t modified = 0;
  std::uint64_t version = 0;
  std::uint64_t expires_at_ms = 0;  // 0: never
};

struct Change {
  std::uint32_t kind = 0;  // TENON_RECORD_CURRENT, _DELETED or _EXPIRED
  std::string_view key;
  Version now;                      // of DELETED and EXPIRED: no value, and modified alone is set
  std::optional<Version> previous;  // absent: there was no such key
};

// Who wants to know of changes as they happen.
class ChangeSink {
 public:
  // Keeps nothing that `change` borrows. Needs: change.now.modified, the revision of the change, is not before that of
  // an earlier one.
  virtual void append(const Change& change) = 0;

 protected:
  ~ChangeSink() = default;
};

// Which keys a reader wants: [first, end), an empty end being beyond the last key.
struct KeyRange {
  std::string_view first;
  std::string_view end;
};

// What a read gives. The views live until the next append() or reset().
struct HistoryPage {
  std::vector<Change> changes;      // in the order in which they happened
  std::uint64_t next_revision = 0;  // every change before it has come; where to go on
  bool compacted = false;           // the revision asked for is before the oldest that is kept, which is next_revision
  std::size_t examined = 0;         // changes that were looked at, within the range or not
};

// What a page may hold, beyond its first revision.
struct PageLimits {
  std::size_t bytes = 0;  // of keys, values and kChangeBytes for each change
  std::size_t changes = 0;
};

// Not for concurrent use.
class History final : public ChangeSink {
 public:
  static constexpr std::size_t kChangeBytes = 128;    // that a change counts beside its key and values, as it takes
  static constexpr std::size_t kExaminedMax = 4'096;  // changes that one read looks at, beyond the first revision

  // Keeps changes behind `revision` of at most bytes_max. Needs: bytes_max > 0.
  explicit History(std::size_t bytes_max, std::uint64_t revision = 0) noexcept;

  // A revision whose changes are more than bytes_max is not kept at all.
  void append(const Change& change) override;
  // Drops everything: the state was replaced by another, at `revision`.
  void reset(std::uint64_t revision) noexcept;

  // The changes within the range from `from_revision` on: whole revisions, and as many as the limits allow, but at
  // least one. A page without changes says with next_revision how far it has looked; it is the end of what has happened
  // when next_revision is above revision().
  HistoryPage read(std::uint64_t from_revision, const KeyRange& range, const PageLimits& limits) const;

  std::uint64_t oldest() const noexcept { return oldest_; }      // everything from this revision on is kept
  std::uint64_t revision() const noexcept { return revision_; }  // the last of which anything is known
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Numbers {
    std::uint64_t created, modified, version, expires_at_ms;
  };
  // Its key, value and previous value lie one behind the other at `bytes`, in a block.
  struct Kept {
    std::uint32_t kind;
    bool has_previous;
    std::uint32_t key_bytes, value_bytes, previous_bytes;
    Numbers now, previous;
    const char* bytes;
  };
  static_assert(sizeof(Kept) <= kChangeBytes);
  // Memory of many changes, so that each costs a copy and no allocation.
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;     // <= size
    std::size_t changes = 0;  // of changes_ that lie in it; > 0 but while one is added
  };
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;  // of a block, unless one change is larger

  static Numbers numbers_of(const Version& version) noexcept;
  static Version show(const Numbers& numbers, std::string_view value) noexcept;
  static std::string_view key_of(const Kept& kept) noexcept { return {kept.bytes, kept.key_bytes}; }
  static Change show(const Kept& kept) noexcept;
  static std::size_t size(const Change& change) noexcept;
  // Copies the key and the values to the last block that has room, or to a new one.
  const char* store(const Change& change);
  void drop_oldest_revision() noexcept;

  const std::size_t bytes_max_;
  std::deque<Kept> changes_;  // ascending by revision; all of them >= oldest_
  std::deque<Block> blocks_;  // of changes_, in their order
  std::size_t bytes_ = 0;     // of changes_; <= bytes_max_
  std::uint64_t oldest_;      // <= revision_ + 1
  std::uint64_t revision_;    // never falls, but by reset()
};

}  // namespace tenon::kv
