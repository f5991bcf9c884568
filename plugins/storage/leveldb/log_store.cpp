// SPDX-License-Identifier: MIT
#include "log_store.hpp"

#include <algorithm>

#include "tenon/check.hpp"

namespace tenon::leveldb_storage {
namespace {

constexpr std::uint64_t kKnownParts =
    TENON_WRITE_HARD_STATE | TENON_WRITE_TRUNCATE_SUFFIX | TENON_WRITE_ENTRIES | TENON_WRITE_COMPACT_PREFIX;

[[noreturn]] void throw_damaged(const Database& database, const std::string& what) {
  throw Error(TENON_ERROR_CORRUPT,
              database.directory() + ": " + what + ". Restore the directory, or replace this node by a new one");
}

std::string name_of(std::uint64_t index) { return "entry " + std::to_string(index); }

void append(ReadEntries& read, std::uint64_t index, std::uint64_t term, std::string_view payload) {
  const std::string& kept = read.payloads.emplace_back(payload);
  read.entries.push_back({index, term, bytes(kept)});
}

// Reads the entries from `first` on, one after the other.
class EntryReader {
 public:
  EntryReader(const Database& database, std::uint64_t first, const leveldb::Snapshot* snapshot)
      : database_(database), iterator_(database.iterate(snapshot)), next_(first) {
    iterator_->Seek(slice(entry_key(first)));
  }

  // The next entry; it lives until the next call. Throws CORRUPT: there is none, or it is damaged.
  Entry take() {
    if (is_taken_) iterator_->Next();
    is_taken_ = true;
    database_.check_iterator(*iterator_);
    if (!iterator_->Valid() || entry_index(view(iterator_->key())) != next_) {
      throw_damaged(database_, name_of(next_) + " is missing");
    }
    const std::optional<Entry> entry = decode_entry(next_, view(iterator_->value()));
    if (!entry) throw_damaged(database_, name_of(next_) + " is not what was written");
    ++next_;
    return *entry;
  }
  // The index of an entry behind the last that was taken, if there is one.
  std::optional<std::uint64_t> following() {
    if (is_taken_) iterator_->Next();
    database_.check_iterator(*iterator_);
    return iterator_->Valid() ? entry_index(view(iterator_->key())) : std::nullopt;
  }

 private:
  const Database& database_;
  const std::unique_ptr<leveldb::Iterator> iterator_;
  std::uint64_t next_;
  bool is_taken_ = false;
};

}  // namespace

void LogStore::put_empty_log(leveldb::WriteBatch& batch) {
  batch.Put(slice({&kBoundsKey, 1}), slice(encode_bounds({})));
}

LogStore::LogStore(Database& database) : database_(database) {
  if (const std::optional<std::string> value = database_.get({&kHardStateKey, 1})) {
    const std::optional<std::string> payload = decode_hard_state(*value);
    if (!payload) throw_damaged(database_, "the hard state is not what was written");
    hard_state_ = *payload;
  }
  const std::optional<std::string> value = database_.get({&kBoundsKey, 1});
  const std::optional<Bounds> bounds = value ? decode_bounds(*value) : std::nullopt;
  if (!bounds) throw_damaged(database_, "the record of the log's first and last index is missing or damaged");
  bounds_ = *bounds;
  EntryReader reader(database_, bounds_.first, nullptr);
  for (std::uint64_t index = bounds_.first; index <= bounds_.last; ++index) reader.take();
  if (const auto beyond = reader.following()) {
    throw_damaged(database_, name_of(*beyond) + " is there, and the log ends at " + std::to_string(bounds_.last));
  }
  const std::unique_ptr<leveldb::Iterator> compacted = database_.iterate();
  compacted->Seek(slice(entry_key(0)));
  database_.check_iterator(*compacted);
  const auto oldest = compacted->Valid() ? entry_index(view(compacted->key())) : std::nullopt;
  if (!oldest || *oldest >= bounds_.first) return;
  removed_to_ = *oldest;
  compacted->Seek(slice(entry_key(bounds_.first)));
  compacted->Valid() ? compacted->Prev() : compacted->SeekToLast();
  database_.check_iterator(*compacted);
  const auto newest = compacted->Valid() ? entry_index(view(compacted->key())) : std::nullopt;
  compacted_end_ = newest.value_or(*oldest) + 1;
}

void LogStore::begin() {
  if (has_staged_) return;
  database_.begin(batch_);
  has_staged_ = true;
}

void LogStore::stage(const tenon_write& write) {
  TENON_CHECK((write.parts & ~kKnownParts) == 0);
  begin();
  if ((write.parts & TENON_WRITE_HARD_STATE) != 0) {
    TENON_CHECK(write.hard_state.size <= TENON_HARD_STATE_BYTES_MAX);
    batch_.Put(slice({&kHardStateKey, 1}), slice(encode_hard_state(tenon::view(write.hard_state))));
  }
  const auto appended = (write.parts & TENON_WRITE_ENTRIES) != 0 ? entries(write) : std::span<const tenon_entry>();
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0 && write.truncate_from <= bounds_.last) {
    TENON_CHECK(write.truncate_from >= bounds_.first);
    TENON_CHECK(appended.empty() || appended.front().index == write.truncate_from);
    stage_truncate(write.truncate_from, write.truncate_from + appended.size());
  }
  for (const tenon_entry& entry : appended) {
    TENON_CHECK(entry.index == bounds_.last + 1);
    encode_entry(entry.index, entry.term, tenon::view(entry.data), value_);
    batch_.Put(slice(entry_key(entry.index)), slice(value_));
    staged_.push_back(&entry);
    bounds_.last = entry.index;
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0 && write.compact_to >= bounds_.first) {
    stage_compact(write.compact_to);
  }
}

// The keys before `replaced_to` need no removal, for entries are put under them.
void LogStore::stage_truncate(std::uint64_t from, std::uint64_t replaced_to) {
  for (std::uint64_t index = std::max(from, replaced_to); index <= bounds_.last; ++index) {
    batch_.Delete(slice(entry_key(index)));
  }
  while (!staged_.empty() && staged_.back()->index >= from) staged_.pop_back();
  bounds_.last = from - 1;
}

void LogStore::stage_compact(std::uint64_t to) {
  if (!has_compacted()) removed_to_ = bounds_.first;
  compacted_end_ = std::max(compacted_end_, std::min(to, bounds_.last) + 1);
  bounds_.first = to + 1;
  bounds_.last = std::max(bounds_.last, to);
  while (!staged_.empty() && staged_.front()->index <= to) staged_.pop_front();
}

void LogStore::stage_removals() {
  const std::uint64_t end = std::min(compacted_end_, removed_to_ + kRemovalsPerStep);
  for (; removed_to_ < end; ++removed_to_) batch_.Delete(slice(entry_key(removed_to_)));
}

void LogStore::commit() {
  if (!has_staged_) return;
  batch_.Put(slice({&kBoundsKey, 1}), slice(encode_bounds(bounds_)));
  stage_removals();
  database_.write(batch_, Durability::now);
  has_staged_ = false;
  staged_.clear();
}

void LogStore::remove_compacted() {
  TENON_CHECK(!has_staged_);
  database_.begin(batch_);
  stage_removals();
  database_.write(batch_, Durability::when_synced_later);
}

ReadPlan LogStore::plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const {
  TENON_CHECK(bounds_.first <= first && first < end && end <= bounds_.last + 1);
  const std::uint64_t staged_first = staged_.empty() ? end : staged_.front()->index;
  ReadPlan plan{first, std::clamp(staged_first, first, end), bytes_max, nullptr, std::make_unique<ReadEntries>()};
  if (plan.stored_end > first) plan.snapshot = database_.snapshot();
  std::uint64_t size = 0;
  for (std::uint64_t index = plan.stored_end; index < end; ++index) {
    const tenon_entry& entry = *staged_[static_cast<std::size_t>(index - staged_first)];
    size += entry.data.size;
    if (size > bytes_max && !plan.staged->entries.empty()) break;
    append(*plan.staged, entry.index, entry.term, tenon::view(entry.data));
  }
  return plan;
}

std::unique_ptr<ReadEntries> LogStore::read(ReadPlan plan) const {
  if (plan.stored_end == plan.first) return std::move(plan.staged);
  auto found = std::make_unique<ReadEntries>();
  EntryReader reader(database_, plan.first, plan.snapshot.get());
  std::uint64_t size = 0;
  const auto fits = [&](std::uint64_t more) {
    size += more;
    return size <= plan.bytes_max || found->entries.empty();
  };
  for (std::uint64_t index = plan.first; index < plan.stored_end; ++index) {
    const Entry entry = reader.take();
    if (!fits(entry.payload.size())) return found;
    append(*found, index, entry.term, entry.payload);
  }
  for (const tenon_entry& entry : plan.staged->entries) {
    if (!fits(entry.data.size)) return found;
    append(*found, entry.index, entry.term, tenon::view(entry.data));
  }
  return found;
}

}  // namespace tenon::leveldb_storage
