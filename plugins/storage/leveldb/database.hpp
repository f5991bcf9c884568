// SPDX-License-Identifier: MIT
// One LevelDB database whose batches form a chain: each begins with a mark, so that a lost one is found at the next
// start, and a torn write is told from damage.
//
// Reads and compact() may be called by any thread; begin() and write() by one at a time. Errors are tenon::Error:
// CORRUPT, NO_SPACE, IO, INTERNAL. After one from write() the database has failed: nothing more may be written.
#pragma once

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "environment.hpp"
#include "format.hpp"

namespace tenon::leveldb_storage {

inline leveldb::Slice slice(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view view(const leveldb::Slice& slice) noexcept { return {slice.data(), slice.size()}; }

struct DatabaseOptions {
  std::uint64_t write_buffer_bytes = std::uint64_t{16} << 20;  // up to two of them lie in memory
  int open_files_max = 256;
};

enum class Durability { when_synced_later, now };

class Database {
 public:
  static constexpr int kLevels = 7;
  using LoggerFunction = std::function<void(std::uint32_t severity, std::string_view line)>;

  // Makes the database and writes its first mark and `content` into it; durable on return, and closed.
  // Needs: the directory does not exist, the one that it lies in does.
  static void create(leveldb::Env& files, const std::string& directory, const Incarnation& incarnation,
                     const std::function<void(leveldb::WriteBatch&)>& content);

  // Says whether nothing was written to the database since it was created. Throws CORRUPT, IO: it cannot be read.
  static bool is_as_born(leveldb::Env& files, const std::string& directory);

  // Opens one that was created, cuts off a torn write, and checks that no batch was lost.
  // Throws CORRUPT: damage, a lost batch, or the database of another incarnation.
  Database(leveldb::Env& files, std::string directory, const Incarnation& incarnation, const DatabaseOptions& options,
           LoggerFunction logger);
  // Writes nothing. Needs: no iterator, snapshot or read is left.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Empties the batch and puts the next mark into it.
  void begin(leveldb::WriteBatch& batch) const;
  // Applies a batch that was begun after the last write; all of it or nothing survives a crash.
  void write(leveldb::WriteBatch& batch, Durability durability);
  // Marks everything as synced, as the last write before the database is closed.
  void mark();
  // Throws what has failed in the background, if anything has.
  void check_health() const;

  std::optional<std::string> get(std::string_view key) const;
  // Reads as of now, or of the snapshot; needs no lock. Its status is to be checked by check_iterator() at its end.
  std::unique_ptr<leveldb::Iterator> iterate(const leveldb::Snapshot* snapshot = nullptr) const;
  void check_iterator(const leveldb::Iterator& iterator) const;
  std::shared_ptr<const leveldb::Snapshot> snapshot() const;
  // Gives the room of removed keys in [begin, end) back.
  void compact(std::string_view begin, std::string_view end);

  // Of the tables, about: of all, or of what the keys in [begin, end) and what was removed of them take.
  std::uint64_t bytes() const { return bytes({}, "\x7f"); }
  std::uint64_t bytes(std::string_view begin, std::string_view end) const;
  std::uint64_t files_at_level(int level) const;
  std::chrono::nanoseconds sync_time() const noexcept { return environment_.sync_time(); }
  const std::string& directory() const noexcept { return directory_; }

 private:
  class HostLogger;

  leveldb::Options leveldb_options(const DatabaseOptions& options);
  void recover_marks();

  const std::string directory_;
  const Incarnation incarnation_;
  const std::unique_ptr<leveldb::Logger> logger_;
  Environment environment_;
  std::unique_ptr<leveldb::DB> database_;
  std::uint64_t last_batch_ = 0;
};

}  // namespace tenon::leveldb_storage
