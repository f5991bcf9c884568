// SPDX-License-Identifier: MIT
// One plugin instance under validation, and the threads of its host.
//
// The tables of validation stand between a host and a plugin. Each takes a table of one side and gives one of the same
// type for the other, passes every call on, and reports what breaks the contract of the waist, on either side. A call
// that would do harm is not passed on: one that comes after the end, a sequence that was never written, a loan that was
// given back before. Nothing else is changed: extensions of both sides are the other side's own.
//
//   validation::Threads threads;                                   // on the control thread
//   validation::Subject subject(threads, reporter, settings);      // one for each instance
//   validation::HostTable host(subject, plugin_host);
//   plugin.create(host.table(), &self, &why);
//   validation::StorageTable storage(subject, plugin.storage, self);
//   storage.table()->open(storage.self(), ..);
//   storage.table()->close(storage.self());
//   plugin.destroy(self);
//   // then storage, host and subject go, in this order: what is still on loan is reported now
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "validation/finding.hpp"

namespace tenon::validation {

// Which thread is which for one host: the control thread is the one that makes this.
class Threads {
 public:
  Threads() noexcept;
  // The calling thread is the control thread from now on.
  void enter_control() noexcept;
  // The calling thread is the node thread from now on; a host that does not say so has its first CORE call by another
  // thread than the control thread taken for that.
  void enter_node() noexcept;
  // There is no node thread any more.
  void leave_node() noexcept;

  bool is_control() const noexcept;
  // While there is no node thread, its calls are the control thread's. May take the caller for the node thread.
  bool is_node() noexcept;
  // A worker is any thread but the node's.
  bool is_worker() const noexcept;

 private:
  std::atomic<std::thread::id> control_;
  std::atomic<std::thread::id> node_;
};

struct Settings {
  std::chrono::nanoseconds core_budget = std::chrono::microseconds(50);  // a CORE call above it is a slow call
  // A CORE call above it is a finding. nullopt: none is, for a busy machine may take the processor away from any.
  std::optional<std::chrono::nanoseconds> core_verdict;
};

// made -> opening -> running -> closing -> ended -> destroyed; opening -> ended when open() or start() fails, and made
// -> destroyed when they never come. Only a host that outlives its instances says that one is destroyed.
enum class Phase { made, opening, running, closing, ended, destroyed };

class Subject {
 public:
  // Keeps: threads and reporter, for its life.
  Subject(Threads& threads, Reporter& reporter, const Settings& settings = {}) noexcept;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  void report(Blame blame, Rule rule, const char* function, std::string found, std::string expected) const noexcept;
  // What a CORE call took.
  void took(const char* function, std::chrono::nanoseconds time) const noexcept;

  Phase phase() const noexcept { return phase_.load(); }
  void enter(Phase phase) noexcept { phase_.store(phase); }
  // From the beginning of open() or start() to the end of close() or stop().
  bool is_alive() const noexcept {
    const Phase phase = phase_.load();
    return phase == Phase::opening || phase == Phase::running || phase == Phase::closing;
  }
  bool has_failed() const noexcept { return failed_.load(); }
  // False: it had failed before.
  bool fail() noexcept { return !failed_.exchange(true); }

  Threads& threads() const noexcept { return threads_; }
  std::atomic<bool>& setup_busy() noexcept { return setup_busy_; }
  std::atomic<bool>& core_busy() noexcept { return core_busy_; }

  // The calling thread runs a function of the host that the plugin called. The same thread may enter several times.
  void enter_host();
  void leave_host() noexcept;
  bool is_in_host() const noexcept;

 private:
  Threads& threads_;
  Reporter& reporter_;
  const Settings settings_;
  std::atomic<Phase> phase_{Phase::made};
  std::atomic<bool> failed_{false};
  std::atomic<bool> setup_busy_{false};
  std::atomic<bool> core_busy_{false};
  mutable std::mutex mutex_;
  std::vector<std::thread::id> in_host_;
};

}  // namespace tenon::validation
