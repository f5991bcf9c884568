// SPDX-License-Identifier: MIT
// The table tenon_storage_host for one open storage: what it reports, to be waited for and looked at.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runner/check_host.hpp"
#include "storage/log_model.hpp"
#include "tenon/storage.h"

namespace tenon::plugin_check {

struct ReadAnswer {
  tenon_error error = TENON_OK;
  std::vector<Entry> entries;
};

// Says when the host gives a loan back: when the answer has been taken, or when it is told to.
enum class Loans { returned_at_once, held };

class StorageHost {
 public:
  StorageHost(Subject& subject, const CheckHost& host);
  StorageHost(const StorageHost&) = delete;
  StorageHost& operator=(const StorageHost&) = delete;

  const tenon_storage_host* table() const noexcept { return &table_; }

  std::uint64_t durable() const;
  bool wait_durable(std::uint64_t sequence, std::chrono::milliseconds patience) const;
  // Waits until what was written is durable, or the storage failed. Says whether one of them came.
  bool wait_durable_or_failed(std::uint64_t sequence, std::chrono::milliseconds patience) const;
  // Waits for the answer to a read. Says whether it came; then `answer` is it.
  bool wait_read(std::uint64_t request, std::chrono::milliseconds patience, ReadAnswer& answer);
  bool is_short_of_space() const;

  void set_loans(Loans loans);
  // Compares what is still on loan with what it was when it came, and gives it back. Fails the check when it changed.
  void return_loans();

  // Called with each sequence that is reported, on the thread that does so, before anybody else knows.
  void set_durable_observer(std::function<void(std::uint64_t)> observer);

 private:
  struct HeldLoan {
    const tenon_entry* entries;
    std::vector<Entry> copies;
    tenon_loan loan;
  };
  using HeldLoans = std::map<std::uint64_t, HeldLoan>;  // by read

  static StorageHost& of(const tenon_storage_host* host) { return *static_cast<StorageHost*>(host->context); }
  void give_back(const HeldLoan& held);
  static void durable(const tenon_storage_host* host, std::uint64_t sequence);
  static void read_done(const tenon_storage_host* host, std::uint64_t request, tenon_error error,
                        const tenon_entry* entries, std::uint64_t count, tenon_loan loan);
  static void space(const tenon_storage_host* host, std::uint32_t is_short);

  Subject& subject_;
  const CheckHost& host_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t durable_ = 0;
  std::map<std::uint64_t, ReadAnswer> answers_;
  HeldLoans held_;
  Loans loans_ = Loans::returned_at_once;
  bool is_short_ = false;
  std::function<void(std::uint64_t)> observer_;
  tenon_storage_host table_{};
};

}  // namespace tenon::plugin_check
