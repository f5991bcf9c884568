// SPDX-License-Identifier: MIT
// What a client API and one of its queues say to each other, judged.
//
// A completion is the host's, with a loan in it, so the plugin gets a copy whose loan is one of this; the copy goes
// when the plugin releases it, spoilt before.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "call.hpp"
#include "loans.hpp"
#include "tenon/client_api.h"

namespace tenon::validation {

class ClientQueueCalls {
 public:
  // Keeps: subject and loans, for its life, and queue until it is destroyed.
  ClientQueueCalls(Subject& subject, Loans& loans, const tenon_queue& queue, std::uint64_t depth);
  ClientQueueCalls(const ClientQueueCalls&) = delete;
  ClientQueueCalls& operator=(const ClientQueueCalls&) = delete;
  ~ClientQueueCalls();

  const tenon_queue* table() const noexcept { return &table_; }
  bool is_destroyed() const noexcept { return is_destroyed_.load(); }

 private:
  struct Lent;
  static constexpr std::size_t kKeptMax = 256;

  static ClientQueueCalls& of(const tenon_queue* queue) noexcept;
  // One call of the plugin on this queue, counted while it lasts.
  class Use;
  bool expect_there(const char* function) const;

  std::uint64_t submit(const tenon_request* requests, std::uint64_t count);
  // Notes the requests before they are submitted, and forgets those that were not taken.
  void note(const tenon_request* requests, std::uint64_t count);
  void forget(const tenon_request* requests, std::uint64_t taken, std::uint64_t count);
  std::uint64_t poll(const tenon_completion** completions, std::uint64_t room);
  const tenon_completion* pass_on(const tenon_completion& completion);
  void keep(std::unique_ptr<Lent> released);
  void judge(const tenon_completion& completion);
  void destroy();

  Subject& subject_;
  Loans& loans_;
  const tenon_queue& queue_;
  const std::uint64_t depth_;
  tenon_queue table_;
  std::atomic<bool> is_destroyed_{false};
  std::atomic<int> uses_{0};  // calls that go on
  std::atomic<bool> poll_busy_{false};

  std::mutex mutex_;
  // By id: the kind of the first operation of each unfinished request. What breaks the contract may be there twice.
  std::unordered_multimap<std::uint64_t, std::uint32_t> unfinished_;
  std::deque<std::unique_ptr<Lent>> released_;  // at most kKeptMax
};

}  // namespace tenon::validation
