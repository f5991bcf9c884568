// SPDX-License-Identifier: MIT
// Does something at once and then again and again, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tenon::server {

class PeriodicThread {
 public:
  // `what` must not throw.
  PeriodicThread(std::chrono::milliseconds interval, std::function<void()> what);
  // Waits for the call that is under way.
  ~PeriodicThread();
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;

 private:
  void run();

  const std::chrono::milliseconds interval_;
  const std::function<void()> what_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace tenon::server
