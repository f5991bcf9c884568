// SPDX-License-Identifier: MIT
// The host of a storage plugin, for the tests of storage authors: it keeps what was reported and copies what was read.
// Its functions may be called from any thread, and check what storage.h demands of the plugin: durable() never falls, a
// read is answered once, an error comes without entries. A plugin that breaks that aborts the test. What was read goes
// back as the contract has it, never out of a function that the plugin has called: see give_back_reads().
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tenon/storage.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {
namespace testing {

struct EntryCopy {
  std::uint64_t index;
  std::uint64_t term;
  std::string data;
  bool operator==(const EntryCopy&) const = default;
};
struct ReadResult {
  tenon_error error;
  std::vector<EntryCopy> entries;
};

class FakeStorageHost {
 public:
  static constexpr std::chrono::seconds kPatience{30};  // for plugins that do answer, on a machine that is busy

  FakeStorageHost() {
    table_.struct_size = sizeof table_;
    table_.context = this;
    table_.durable = durable;
    table_.read_done = read_done;
    table_.space = space;
  }
  FakeStorageHost(const FakeStorageHost&) = delete;
  FakeStorageHost& operator=(const FakeStorageHost&) = delete;
  ~FakeStorageHost() { give_back_reads(); }

  const tenon_storage_host* table() const noexcept { return &table_; }

  // The greatest sequence that was reported; 0: none.
  std::uint64_t durable_sequence() const {
    const std::lock_guard lock(mutex_);
    return durable_sequence_;
  }
  // How often durable() was called.
  std::uint64_t durable_reports() const {
    const std::lock_guard lock(mutex_);
    return durable_reports_;
  }
  // Waits until `sequence` is durable; returns false when that does not happen in time.
  bool wait_durable(std::uint64_t sequence, std::chrono::milliseconds patience = kPatience) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return durable_sequence_ >= sequence; });
  }

  // What was reported last; enough when nothing was.
  LogSpace log_space() const {
    const std::lock_guard lock(mutex_);
    return log_space_;
  }
  // Waits until `space` is what was reported last; returns false when that does not happen in time.
  bool wait_space(LogSpace wanted, std::chrono::milliseconds patience = kPatience) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return log_space_ == wanted; });
  }

  // Releases what reads have lent. find_read() and wait_read() do it too; a test whose plugin may have answered others
  // does it before destroy().
  void give_back_reads() const {
    std::vector<tenon_loan> loans;
    {
      const std::lock_guard lock(mutex_);
      loans.swap(loans_);
    }
    for (const tenon_loan& loan : loans) give_back(loan);
  }
  // What a read was answered with, or nothing while it was not.
  std::optional<ReadResult> find_read(std::uint64_t request) const {
    give_back_reads();
    const std::lock_guard lock(mutex_);
    const auto found = reads_.find(request);
    return found == reads_.end() ? std::nullopt : std::optional(found->second);
  }
  // Waits for the answer to a read; returns nothing when it does not come in time.
  std::optional<ReadResult> wait_read(std::uint64_t request, std::chrono::milliseconds patience = kPatience) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return reads_.count(request) != 0; });
    lock.unlock();
    return find_read(request);
  }

 private:
  static FakeStorageHost& of(const tenon_storage_host* host) noexcept {
    return *static_cast<FakeStorageHost*>(host->context);
  }

  static void durable(const tenon_storage_host* host, std::uint64_t sequence) {
    FakeStorageHost& self = of(host);
    const std::lock_guard lock(self.mutex_);
    TENON_CHECK(sequence >= self.durable_sequence_);
    self.durable_sequence_ = sequence;
    ++self.durable_reports_;
    self.changed_.notify_all();
  }

  static void read_done(const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                        const tenon_entry* entries, std::uint64_t count, tenon_loan loan) {
    FakeStorageHost& self = of(host);
    ReadResult result{error, {}};
    for (std::uint64_t entry = 0; entry < count; ++entry) {
      result.entries.push_back({entries[entry].index, entries[entry].term, std::string(view(entries[entry].data))});
    }
    const std::lock_guard lock(self.mutex_);
    self.loans_.push_back(loan);
    TENON_CHECK(error == TENON_OK ? count > 0 : count == 0);
    const bool first_answer = self.reads_.emplace(request, std::move(result)).second;
    TENON_CHECK(first_answer);
    self.changed_.notify_all();
  }

  static void space(const tenon_storage_host* host, std::uint32_t is_short) {
    FakeStorageHost& self = of(host);
    const std::lock_guard lock(self.mutex_);
    TENON_CHECK(is_short <= 1);
    self.log_space_ = static_cast<LogSpace>(is_short);
    self.changed_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t durable_sequence_ = 0;
  std::uint64_t durable_reports_ = 0;
  LogSpace log_space_ = LogSpace::enough;
  std::map<std::uint64_t, ReadResult> reads_;
  mutable std::vector<tenon_loan> loans_;  // of reads, not yet given back
  tenon_storage_host table_{};
};

}  // namespace testing
}  // namespace sdk_1
}  // namespace tenon
