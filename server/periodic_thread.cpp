// SPDX-License-Identifier: MIT
#include "periodic_thread.hpp"

#include <utility>

namespace tenon::server {

PeriodicThread::PeriodicThread(std::chrono::milliseconds interval, std::function<void()> what)
    : interval_(interval), what_(std::move(what)), thread_([this] { run(); }) {}

PeriodicThread::~PeriodicThread() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void PeriodicThread::run() {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    what_();
    lock.lock();
  } while (!ended_.wait_for(lock, interval_, [this] { return is_over_; }));
}

}  // namespace tenon::server
