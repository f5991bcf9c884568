// SPDX-License-Identifier: MIT
#include "host/worker_pool.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <utility>

#include "host/clock.hpp"
#include "tenon/check.hpp"

namespace tenon::host {
namespace {

constexpr int kLowestPriority = 19;

// On Linux this is the calling thread's alone. Not the idle class: beside a machine that is never idle an image would
// never be done, and the log behind it never shortened.
void lower_priority() noexcept { ::setpriority(PRIO_PROCESS, 0, kLowestPriority); }

// Signals are the control thread's.
void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

WorkerPool::WorkerPool(std::function<void(std::unique_ptr<node::Work>)> done) : done_(std::move(done)) {}

WorkerPool::~WorkerPool() { TENON_CHECK(threads_.empty()); }

void WorkerPool::start(std::uint64_t unhurried_bytes_per_second) {
  unhurried_bytes_per_second_ = unhurried_bytes_per_second;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] {
      block_signals();
      lower_priority();
      run();
    });
  }
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  waiting_.clear();
}

void WorkerPool::start(std::unique_ptr<node::Work> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void WorkerPool::run() {
  while (true) {
    std::unique_ptr<node::Work> work;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (!run_to_end(*work)) return;
    done_(std::move(work));
  }
}

bool WorkerPool::run_to_end(node::Work& work) {
  const raft::Instant begin = steady_now();
  while (true) {
    const bool has_more = work.step();
    std::unique_lock lock(mutex_);
    if (has_more && unhurried_bytes_per_second_ != 0) {
      const double seconds =
          static_cast<double>(work.unhurried_bytes()) / static_cast<double>(unhurried_bytes_per_second_);
      const auto rest = begin + std::chrono::duration_cast<raft::Duration>(std::chrono::duration<double>(seconds));
      while (!stopping_ && steady_now() < rest) changed_.wait_for(lock, rest - steady_now());
    }
    if (stopping_) return false;
    if (!has_more) return true;
  }
}

}  // namespace tenon::host
