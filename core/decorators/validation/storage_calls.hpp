// SPDX-License-Identifier: MIT
// What both sides of a storage say to each other, judged.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "image_handles.hpp"
#include "loans.hpp"
#include "log_bounds.hpp"
#include "tenon/storage.h"

namespace tenon::validation {

class StorageCalls {
 public:
  StorageCalls(Subject& subject, const tenon_storage& storage, void* self);
  StorageCalls(const StorageCalls&) = delete;
  StorageCalls& operator=(const StorageCalls&) = delete;
  ~StorageCalls();

  const tenon_storage* table() const noexcept { return &table_; }

 private:
  struct Read {
    std::uint64_t first;
    std::uint64_t end;
    std::uint64_t bytes_max;
  };

  static StorageCalls& of(void* self) noexcept { return *static_cast<StorageCalls*>(self); }
  static StorageCalls& of(const tenon_storage_host* host) noexcept;
  void fill_table() noexcept;
  void fill_host_table() noexcept;

  // tenon_storage
  tenon_error open(const tenon_storage_host* host, tenon_recovered* found, tenon_detail* why);
  void check_recovered(const tenon_recovered& found) const;
  void close();
  void write(const tenon_write* write);
  void read_entries(std::uint64_t request, const Read& read);

  // tenon_storage_host
  void durable(std::uint64_t sequence);
  void read_done(std::uint64_t request, tenon_error error, const tenon_entry* entries, std::uint64_t count,
                 tenon_loan loan);
  void check_answer(const Read& read, tenon_error error, const tenon_entry* entries, std::uint64_t count) const;
  void space(std::uint32_t is_short);

  Subject& subject_;
  const tenon_storage& storage_;
  void* const self_;
  tenon_storage table_{};
  tenon_storage_host host_table_{};
  const tenon_storage_host* host_ = nullptr;  // from open()
  ImageHandles images_;
  Loans loans_;                       // of what was read
  std::string recovered_hard_state_;  // what the host sees of it; spoilt at the first write

  mutable std::mutex mutex_;
  LogBounds log_;
  std::uint64_t durable_ = 0;            // <= log_.last_sequence()
  std::map<std::uint64_t, Read> reads_;  // that have no answer yet
};

}  // namespace tenon::validation
