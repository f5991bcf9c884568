// SPDX-License-Identifier: MIT
// A storage instance in memory, for tests of whoever calls one. The object stands for the disk: it outlives open() and
// close(), and after a crash it holds what storage.h promises, the writes that were made durable; and every image,
// committed or not, as it was written last. What storage.h demands of the caller is asserted: sequences 1, 2, 3..,
// contiguous entries, memory that stays as it was until durable().
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tenon/check.hpp"
#include "tenon/storage.h"

namespace tenon::support {

class MemoryStorage {
 public:
  enum class Mode {
    manual,     // writes become durable when the test says so
    immediate,  // inside write()
    threaded,   // on a thread of its own, in groups, as a disk does
  };
  struct Entry {
    std::uint64_t term = 0;
    std::string data;
  };
  struct StoredImage {
    std::array<std::uint8_t, 16> id = {};
    std::uint64_t index = 0;
    std::string bytes = {};
    bool is_committed = false;
  };
  // What the image functions return instead of working; TENON_OK: they work.
  struct ImageErrors {
    tenon_error create = TENON_OK;
    tenon_error write = TENON_OK;
    tenon_error commit = TENON_OK;  // the image before stays the newest
    tenon_error open = TENON_OK;
    tenon_error read = TENON_OK;
  };

  explicit MemoryStorage(Mode mode);
  MemoryStorage(const MemoryStorage&) = delete;
  MemoryStorage& operator=(const MemoryStorage&) = delete;
  // Needs: closed, or never opened; every loan was released.
  ~MemoryStorage();

  const tenon_storage* table() const noexcept { return &table_; }
  void* self() noexcept { return this; }

  // Makes the writes up to `sequence` durable and reports it. Needs: they were given to write().
  void complete(std::uint64_t sequence);
  void complete_all();
  // Until the next open() nothing becomes durable: what is not is lost when this is closed. As after a failed sync, or
  // what a loss of power leaves behind.
  void fail();
  // While held, reads are answered by answer_reads() or close() only.
  void hold_reads();
  void answer_reads();
  // While held, write() does not return, as the contract demands it to: whoever calls it stands still.
  void hold_writes();
  void release_writes();
  // Whether somebody stands still in write().
  bool holds_writer() const;
  // Reports it. Needs: open.
  void report_space(bool is_short);
  // What open() and every later read return instead of working; TENON_OK: they work.
  void set_errors(tenon_error open_error, tenon_error read_error);
  void set_image_errors(const ImageErrors& errors);

  // The disk, to be looked at or damaged. Needs: closed.
  std::optional<std::string>& hard_state() { return durable_.hard_state; }
  std::map<std::uint64_t, Entry>& entries() { return durable_.entries; }
  // At most one of them is committed. To be damaged: closed, and no handle is left.
  std::vector<std::shared_ptr<StoredImage>>& images() { return images_; }

  std::uint64_t last_sequence() const;  // of the writes since open()
  std::size_t held_read_count() const;

 private:
  struct Disk {
    std::optional<std::string> hard_state;
    std::map<std::uint64_t, Entry> entries;
    std::uint64_t compacted_to = 0;
    std::uint64_t last_index() const { return entries.empty() ? compacted_to : entries.rbegin()->first; }
  };
  struct Pending {
    const tenon_write* write;
    std::uint32_t checksum;  // of all that it points to, at the time of the write
  };
  struct Read {
    std::uint64_t request, first, end, bytes_max;
  };
  struct Lent;
  struct ImageHandle;

  static MemoryStorage& of(void* self) noexcept { return *static_cast<MemoryStorage*>(self); }
  void fill_table() noexcept;
  void fill_image_table() noexcept;
  tenon_error image_create(tenon_image* image, void** handle, tenon_detail* why);
  tenon_error image_open(tenon_image* image, void** handle, tenon_detail* why);
  std::shared_ptr<StoredImage> newest_image() const;
  tenon_error open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why);
  void close();
  void write(const tenon_write* write);
  void read_entries(const Read& read);
  void answer(const Read& read, tenon_error error);
  static void apply(const tenon_write& write, Disk& disk);
  void make_durable(std::unique_lock<std::mutex>& lock, std::uint64_t sequence);
  void run();

  const Mode mode_;
  tenon_storage table_{};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
  const tenon_storage_host* host_ = nullptr;    // from open() to close()
  std::array<std::uint8_t, 16> incarnation_{};  // all zeros: not born yet
  Disk durable_;                                // what a crash leaves
  Disk current_;                                // what the writes so far make of it
  std::string recovered_hard_state_;
  std::deque<Pending> pending_;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t durable_sequence_ = 0;  // <= last_sequence_
  std::vector<Read> held_reads_;
  std::uint64_t on_loan_ = 0;
  std::vector<std::shared_ptr<StoredImage>> images_;
  ImageErrors image_errors_;
  std::size_t image_handles_ = 0;
  tenon_error open_error_ = TENON_OK;
  tenon_error read_error_ = TENON_OK;
  bool reads_held_ = false;
  bool writes_held_ = false;
  bool holds_writer_ = false;
  bool failed_ = false;
  bool closing_ = false;
};

}  // namespace tenon::support
