// SPDX-License-Identifier: MIT
// The storage plugin: a Journal and the thread that works for it, and beside it Images, which work on the threads of
// their callers. The thread takes all that was queued while it was busy and makes writes that follow each other durable
// by one sync; so the longer a sync takes, the more it covers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "images.hpp"
#include "journal.hpp"
#include "tenon/storage.hpp"

namespace sample_storage {

inline constexpr char kPluginId[] = "org.example.storage.sample";
inline constexpr std::uint32_t kFormat = 1;  // raise it when the files change, so that an older build refuses them

class SampleStorage final : public tenon::Storage {
 public:
  explicit SampleStorage(tenon::Host host);

  Recovered open(const tenon::Incarnation& birth) override;
  void close() override;
  void write(const tenon_write& write) override { queue(&write); }
  void read_entries(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) override {
    queue(Read{request, first, end, bytes_max});
  }
  std::unique_ptr<tenon::Image> image_create(tenon_image& image) override { return images_.create(image); }
  std::unique_ptr<tenon::Image> image_open(tenon_image& image) override { return images_.open_newest(image); }

 private:
  struct Read {
    std::uint64_t request;
    std::uint64_t first;
    std::uint64_t end;
    std::uint64_t bytes_max;
  };
  // The host keeps a write and what it points to until it is durable, so nothing is copied here.
  using Request = std::variant<const tenon_write*, Read>;

  std::optional<tenon::Incarnation> find_incarnation() const;
  tenon::Incarnation bear(const tenon::Incarnation& wanted) const;
  void queue(Request request);
  void run() noexcept;
  void perform(std::span<const Request> requests) noexcept;
  void append(std::span<const tenon_write* const> writes) noexcept;
  void answer(const Read& read) noexcept;
  void fail(const tenon::Error& error) noexcept;

  const std::string directory_;
  std::uint64_t dead_bytes_max_ = 0;
  std::uint64_t space_reserve_ = 0;
  Images images_;
  tenon::Metric syncs_;
  tenon::Metric journal_bytes_;
  std::optional<File> lock_;  // held from open() on, so that no other process writes here
  std::string recovered_hard_state_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Request> queue_;  // bounded by the host's backlog
  bool closing_ = false;

  std::atomic<bool> failed_{false};  // and the host was told

  // The thread's alone, until it has ended.
  std::optional<Journal> journal_;
  tenon::LogSpace space_ = tenon::LogSpace::enough;  // as reported
  std::thread thread_;
};

}  // namespace sample_storage
