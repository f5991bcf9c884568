// SPDX-License-Identifier: MIT
// The disk of one LevelDB database, and its background thread. LevelDB's own environment falls short of what a Raft log
// needs, so this one stands before it and
//   - runs the compactions of its database on a thread of its own, which ends with it: LevelDB has one thread for all
//     databases of the process, so that the images' would hold up the log's, and that one never ends
//   - makes the name of a file durable before its first sync returns, and a rename before that returns
//   - syncs a write-ahead log before the next one is begun, so that only the newest can end in a torn write
//   - knows how much of the newest write-ahead log is synced
//   - lets nothing more be written once a write or a sync has failed: LevelDB drops some errors, and would go on with a
//     file whose bytes nobody knows
//   - reads tables by pread(2), not through a mapping, where a bad sector would be a signal and not an error.
//
// No function throws: an exception must not unwind through LevelDB. Any thread.
#pragma once

#include <leveldb/env.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace tenon::leveldb_storage {

// The number of a write-ahead log, and the bytes of it that survive power loss.
struct SyncedPlace {
  std::uint64_t file = 0;  // 0: there is none yet
  std::uint64_t bytes = 0;
};

// Of a file name or path of LevelDB's; 0: it is not a write-ahead log.
std::uint64_t write_ahead_log_number(const std::string& path) noexcept;

class Environment final : public leveldb::EnvWrapper {
 public:
  // The files are made by `files`, which must outlive this, in the one directory. Starts the thread.
  Environment(leveldb::Env& files, std::string directory);
  // Ends the thread. Needs: the database is closed.
  ~Environment() override;

  // Of the newest write-ahead log.
  SyncedPlace synced_place() const noexcept;
  // How long all syncs of write-ahead logs took together.
  std::chrono::nanoseconds sync_time() const noexcept { return std::chrono::nanoseconds(sync_nanoseconds_.load()); }
  // The first failure of a write; OK while there is none.
  leveldb::Status failure() const;

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) noexcept override;
  leveldb::Status NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) noexcept override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) noexcept override;
  void Schedule(void (*function)(void*), void* argument) noexcept override;

 private:
  class WritableFile;
  struct Task {
    void (*function)(void*);
    void* argument;
  };

  // Returns the status, and keeps the first that is a failure.
  leveldb::Status keep(leveldb::Status status);
  leveldb::Status sync_names();
  void run() noexcept;

  const std::string directory_;
  std::atomic<std::int64_t> sync_nanoseconds_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;  // LevelDB queues one at a time
  bool closing_ = false;
  leveldb::Status failure_;
  SyncedPlace synced_;
  WritableFile* newest_log_ = nullptr;
  std::thread thread_;
};

}  // namespace tenon::leveldb_storage
