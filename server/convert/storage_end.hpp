// SPDX-License-Identifier: MIT
// One of the two storages of a conversion, from open() to close(), for a thread that waits for every answer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "node/storage_port.hpp"
#include "tenon/storage.hpp"

namespace tenon::server {

// Why the storage has failed, in its own words; nullopt: it has not. Any thread.
using FailureOf = std::function<std::optional<std::string>()>;

class StorageEnd {
 public:
  // What open() found; hard_state is a copy.
  struct Found {
    std::string hard_state;
    std::uint64_t first_index = 1;
    std::uint64_t last_index = 0;
    Incarnation incarnation = {};
    bool operator==(const Found&) const = default;
  };

  // Entries that were read, until this is destroyed.
  class Read {
   public:
    Read(std::span<const tenon_entry> entries, tenon_loan loan) noexcept : entries_(entries), loan_(loan) {}
    Read(const Read&) = delete;
    Read& operator=(const Read&) = delete;
    ~Read() { give_back(loan_); }
    std::span<const tenon_entry> entries() const noexcept { return entries_; }

   private:
    const std::span<const tenon_entry> entries_;
    const tenon_loan loan_;
  };

  // Opens storage; a directory that is born here gets the incarnation `birth`, or draws one when that is all zeros.
  // Keeps: storage, which outlives this. Throws tenon::Error with what open() said.
  StorageEnd(node::StoragePort storage, const Incarnation& birth, FailureOf failure);
  // Closes it. Needs: no Read and no image of it is left.
  ~StorageEnd();
  StorageEnd(const StorageEnd&) = delete;
  StorageEnd& operator=(const StorageEnd&) = delete;

  const Found& found() const noexcept { return found_; }
  node::StoragePort port() const noexcept { return storage_; }

  // Sets the size and the sequence, and returns when the write is durable. Throws IO: storage has failed, and is
  // closed.
  void write(tenon_write& write);
  // Reads entries from `first` on, at least one and none from `end` on. Throws what storage answers; IO: it has failed.
  // Needs: first < end, both within the log.
  std::unique_ptr<const Read> read(std::uint64_t first, std::uint64_t end);

 private:
  struct Answer {
    tenon_error error = TENON_OK;
    const tenon_entry* entries = nullptr;
    std::uint64_t count = 0;
    tenon_loan loan = {};
  };

  void close() noexcept;
  static StorageEnd& of(const tenon_storage_host* host) noexcept { return *static_cast<StorageEnd*>(host->context); }
  template <class Holds>
  void wait(Holds holds);

  const node::StoragePort storage_;
  const FailureOf failure_;
  tenon_storage_host table_{};
  Found found_;
  bool is_open_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t request_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t durable_ = 0;  // <= written_
  std::optional<Answer> answer_;
};

}  // namespace tenon::server
