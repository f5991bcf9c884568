// SPDX-License-Identifier: MIT
// The storage plugin on LevelDB: the log with the hard state in one database, the images in another, so that the
// compaction of images never holds up the log. Two threads of its own:
//
// The writer takes all that was queued while it was busy, puts it into one batch, has it made durable by one sync, and
// reports that once. While there is nothing to do it removes compacted entries.
//
// The housekeeper looks every kHousekeepingInterval whether the disk runs short of room, whether a database has failed
// in the background, removes images that nobody needs, and gives the room of what was removed back.
//
// A failure of either database is for good: it is reported once, nothing is reported durable afterwards, and nothing is
// tried again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tenon/storage.hpp"

namespace leveldb {
class Env;
}

namespace tenon::leveldb_storage {

// What tests replace.
struct Surroundings {
  leveldb::Env* files;                                            // null: the disk
  std::function<std::uint64_t(const std::string&)> free_bytes{};  // of a file system; empty: statvfs(2)
};

class LevelDbStorage final : public Storage {
 public:
  static constexpr std::chrono::milliseconds kHousekeepingInterval{1000};
  static constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;        // unless one write needs more
  static constexpr std::uint64_t kRemovedBytesMax = std::uint64_t{8} << 20;  // of the log, that wait for a compaction
  static constexpr std::chrono::milliseconds kStall{50};  // a batch that waits longer beside its sync is counted

  // Reads the options. Throws INVALID.
  explicit LevelDbStorage(Host host);
  LevelDbStorage(Host host, Surroundings surroundings);
  ~LevelDbStorage() override;

  Recovered open(const Incarnation& birth) override;
  void close() override;
  void write(const tenon_write& write) override;
  void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) override;
  std::unique_ptr<Image> image_create(tenon_image& image) override;
  std::unique_ptr<Image> image_open(tenon_image& image) override;

 private:
  struct Read {
    std::uint64_t request;
    std::uint64_t first;
    std::uint64_t end;
    std::uint64_t bytes_max;
  };
  using Request = std::variant<const tenon_write*, Read>;
  struct PlannedRead;
  struct Options;
  struct Open;
  struct Metrics;
  enum class Work { requests, removal, none };
  class WatchedImage;

  void queue(Request request);
  Work take(std::vector<Request>& taken);
  void run_writer() noexcept;
  void perform(const std::vector<Request>& taken);
  void commit(std::uint64_t sequence, std::size_t writes);
  void answer(PlannedRead& planned) const noexcept;
  void refuse_reads(const std::vector<Request>& taken);
  void run_housekeeper() noexcept;
  void keep_house();
  std::uint64_t free_bytes() const;
  void watch_space();
  void check_room_for_images() const;
  void contain_failure(const std::function<void()>& work) noexcept;
  void fail(tenon_error error, const char* why) noexcept;
  void report_durable(std::uint64_t sequence);

  const Surroundings surroundings_;
  const std::unique_ptr<const Options> options_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Open> open_;

  std::mutex mutex_;
  std::condition_variable wake_;  // of the writer
  std::condition_variable wake_keeper_;
  std::vector<Request> queue_;  // bounded by the host's backlog
  bool sleeping_ = false;
  bool closing_ = false;

  std::atomic<bool> failed_{false};            // and the host was told, or is when what is_reporting_ says is over
  bool is_reporting_ = false;                  // that something is durable; guarded by the mutex
  std::optional<Error> failure_;               // still to be told; written while is_reporting_
  std::atomic<std::uint64_t> first_index_{1};  // of the log; entries before it are compacted
  LogSpace space_ = LogSpace::enough;          // as reported; the housekeeper's alone
  std::thread writer_;
  std::thread housekeeper_;
};

}  // namespace tenon::leveldb_storage
