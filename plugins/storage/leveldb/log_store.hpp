// SPDX-License-Identifier: MIT
// The Raft log and its hard state in one database: a blocking object for one thread, to which LevelDbStorage gives one.
//
// The stream of writes is that of storage.h. stage() takes the next write into the batch that commit() makes durable as
// a whole. Compacted entries leave the log at once and the database in small steps: each later batch removes some, and
// remove_compacted() does while there is nothing else to do.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "database.hpp"

namespace tenon::leveldb_storage {

// Entries that were read, for the loan of a read_done().
struct ReadEntries {
  std::deque<std::string> payloads;
  std::vector<tenon_entry> entries;  // their data lies in `payloads`
};

// A read at its place in the stream of writes.
struct ReadPlan {
  std::uint64_t first = 0;
  std::uint64_t stored_end = 0;  // before it the entries are in the database, as the snapshot shows it
  std::uint64_t bytes_max = 0;
  std::shared_ptr<const leveldb::Snapshot> snapshot;
  std::unique_ptr<ReadEntries> staged;  // copies of those from stored_end on, of bytes_max at the most or one
};

class LogStore {
 public:
  static constexpr std::uint64_t kRemovalsPerStep = 1024;

  // What a new database is to hold.
  static void put_empty_log(leveldb::WriteBatch& batch);

  // Keeps: the database, for its life. Reads the whole log and checks it.
  // Throws CORRUPT: an entry is missing, damaged or beyond the last; or a damaged hard state. IO.
  explicit LogStore(Database& database);

  const std::string& hard_state() const noexcept { return hard_state_; }  // as it was found
  std::uint64_t first_index() const noexcept { return bounds_.first; }
  std::uint64_t last_index() const noexcept { return bounds_.last; }

  // Keeps: what the write points to, until the next commit() returns. Needs: a write as storage.h allows it; a broken
  // contract aborts.
  void stage(const tenon_write& write);
  std::size_t staged_bytes() const noexcept { return batch_.ApproximateSize(); }
  // Makes all that was staged durable. Throws IO, NO_SPACE, CORRUPT: the log has failed for good.
  void commit();

  // Needs: first < end, both within the log with what is staged.
  ReadPlan plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const;
  // Reads what was planned, also after later writes. Throws CORRUPT, IO.
  std::unique_ptr<ReadEntries> read(ReadPlan plan) const;

  bool has_compacted() const noexcept { return removed_to_ < compacted_end_; }
  // Removes up to kRemovalsPerStep compacted entries from the database. Needs: nothing is staged.
  void remove_compacted();

 private:
  void begin();
  void stage_truncate(std::uint64_t from, std::uint64_t replaced_to);
  void stage_compact(std::uint64_t to);
  void stage_removals();

  Database& database_;
  std::string hard_state_;
  Bounds bounds_;  // with what is staged
  // Entries in [removed_to_, compacted_end_) may still be in the database, though the log has them no more.
  std::uint64_t removed_to_ = 0;
  std::uint64_t compacted_end_ = 0;  // <= bounds_.first

  leveldb::WriteBatch batch_;
  bool has_staged_ = false;
  std::deque<const tenon_entry*> staged_;  // the end of the log that is not in the database, without a gap
  std::string value_;                      // of the entry that is being staged
};

}  // namespace tenon::leveldb_storage
