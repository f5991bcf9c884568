// SPDX-License-Identifier: MIT
// The storage plugin that keeps everything in memory, and nothing when it is destroyed: README.md says what that means
// for a cluster. It has no thread: a write takes effect while write() runs, and a read is answered by the time that
// read_entries() returns.
//
// The log and its functions belong to the node's thread, the images to the workers; what both count is the bytes that
// they take together, which options bound.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tenon/storage.hpp"

namespace tenon::memory_storage {

class MemoryStorage final : public Storage {
 public:
  // An entry also takes the memory that leads to it.
  static constexpr std::uint64_t kEntryBytes = 64;

  // Reads the option bytes_max. Throws INVALID.
  explicit MemoryStorage(Host host);

  Recovered open(const Incarnation& birth) override;
  void close() override {}
  void write(const tenon_write& write) override;
  void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) override;
  std::unique_ptr<Image> image_create(tenon_image& image) override;
  std::unique_ptr<Image> image_open(tenon_image& image) override;

 private:
  // Shared with those that read it.
  struct Entry {
    std::uint64_t term;
    std::shared_ptr<const std::string> data;
  };
  // Shared with its handles, so that it lives as long as the last of them.
  struct StoredImage {
    explicit StoredImage(std::atomic<std::uint64_t>& bytes) : total(bytes) {}
    ~StoredImage() { total -= content.size(); }

    std::uint64_t index = 0;
    std::array<std::uint8_t, 16> id = {};
    std::string content;
    bool has_writer = false;
    std::atomic<std::uint64_t>& total;
  };
  class Reader;
  class Writer;

  std::uint64_t last_index() const noexcept { return first_index_ + log_.size() - 1; }
  void append(const tenon_entry& entry);
  void drop_front();
  void drop_back();
  void watch_space();
  bool has_room(std::uint64_t more) const noexcept { return log_bytes_ + image_bytes_ + more <= bytes_max_; }

  const std::uint64_t bytes_max_;
  Metric log_bytes_metric_;
  Metric image_bytes_metric_;
  std::atomic<std::uint64_t> log_bytes_{0};
  std::atomic<std::uint64_t> image_bytes_{0};

  // The node's thread.
  std::uint64_t first_index_ = 1;
  std::deque<Entry> log_;  // of first_index_, first_index_ + 1 ..
  LogSpace space_ = LogSpace::enough;
  bool failed_ = false;

  std::mutex images_mutex_;  // covers what follows
  std::shared_ptr<StoredImage> newest_;
  std::vector<std::shared_ptr<StoredImage>> unfinished_;
};

}  // namespace tenon::memory_storage
