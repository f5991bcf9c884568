// SPDX-License-Identifier: MIT
// The storage plugin: a FileLog and the thread that works for it. The thread takes all that was queued while it was
// busy, has it made durable by one sync, and reports that once; so the longer a sync takes, the more it covers. Between
// two syncs, and while there is nothing to do, it sets the next segment aside in small steps. When the disk has no room
// for that it says so, goes on in the current segment, and tries again every kSpareRetryInterval.
//
// Beside it an ImageStore has the directory kImagesDirectory within the data directory, and works on the threads of its
// callers. No room is set aside for images: what the log needs next, the rest of its segment and the spare, is
// allocated before, so an image that fills the disk takes nothing from it, and gives its room back when it fails.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "filewal/file_log.hpp"
#include "filewal/image_store.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal {

class FileWalStorage final : public Storage {
 public:
  static constexpr std::chrono::milliseconds kSpareRetryInterval{1000};
  static constexpr std::size_t kSpareStepsMax = 32;  // between two syncs
  static constexpr char kImagesDirectory[] = "images";

  // Reads the option segment_bytes. Throws INVALID.
  explicit FileWalStorage(Host host);
  // The same on other disks than the host's data directory and that of the images in it.
  FileWalStorage(Host host, std::unique_ptr<FileSystem> file_system, std::unique_ptr<FileSystem> image_directory);
  ~FileWalStorage() override;

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
  struct PlannedRead {
    std::uint64_t request;
    tenon_error error;  // TENON_OK: there is a plan
    ReadPlan plan;
  };

  enum class Work { requests, spare, none };
  class UnfinishedImage;

  void queue(Request request);
  Work take(std::vector<Request>& taken);
  void run() noexcept;
  void contain_failure(const std::function<void()>& work) noexcept;
  void fail(tenon_error error, const char* why) noexcept;
  void report_durable(std::uint64_t sequence);
  bool wants_spare() const noexcept;
  void prepare_spare(Work work);
  void perform(const std::vector<Request>& taken);
  PlannedRead plan(const Read& read) const;
  void sync_group(std::size_t writes, std::chrono::steady_clock::time_point began);
  void answer(const PlannedRead& planned) const noexcept;
  void refuse_reads(const std::vector<Request>& taken);

  const std::unique_ptr<FileSystem> file_system_;
  const std::unique_ptr<FileSystem> image_directory_;
  FileLog log_;
  ImageStore images_;
  FileLogStatistics recorded_;  // what the metrics have of the log's statistics
  std::string recovered_hard_state_;
  Metric sync_seconds_;
  Metric syncs_;
  Metric written_bytes_;
  Metric writes_per_sync_;
  Metric segments_bytes_;
  std::uint64_t recorded_segments_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Request> queue_;  // bounded by the host's backlog
  bool sleeping_ = false;
  bool closing_ = false;

  std::atomic<bool> failed_{false};  // and the host was told, or is when what is_reporting_ says is over
  bool is_reporting_ = false;        // that something is durable; guarded by the mutex
  std::optional<Error> failure_;     // still to be told; written while is_reporting_

  // The thread's alone, until it has ended.
  LogSpace space_ = LogSpace::enough;                  // as reported
  std::chrono::steady_clock::time_point spare_retry_;  // when space_ is short: when a spare is tried again
  std::thread thread_;
};

}  // namespace tenon::filewal
