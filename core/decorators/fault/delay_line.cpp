// SPDX-License-Identifier: MIT
#include "delay_line.hpp"

#include <pthread.h>
#include <signal.h>

#include "tenon/check.hpp"

namespace tenon::fault {
namespace {

// Signals are the control thread's.
void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

DelayLine::~DelayLine() { TENON_CHECK(!thread_.joinable()); }

void DelayLine::start() {
  thread_ = std::thread([this] {
    block_signals();
    run();
  });
}

void DelayLine::stop(Rest rest) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (rest == Rest::run) {
    for (const auto& [due, action] : waiting_) action();
  }
  waiting_.clear();
}

void DelayLine::add(Clock::time_point due, std::function<void()> action) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    const auto added = waiting_.emplace(std::pair(due, ++last_number_), std::move(action)).first;
    is_first = added == waiting_.begin();
  }
  if (is_first) changed_.notify_all();
}

void DelayLine::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = waiting_.begin();
    if (const Clock::time_point due = next->first.first; due > Clock::now()) {
      changed_.wait_until(lock, due);
      continue;
    }
    const std::function<void()> action = std::move(next->second);
    waiting_.erase(next);
    lock.unlock();
    action();
    lock.lock();
  }
}

}  // namespace tenon::fault
