// SPDX-License-Identifier: MIT
// Does what it is given when it is due, one after the other, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace tenon::fault {

class DelayLine {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Rest { drop, run };

  DelayLine() = default;
  DelayLine(const DelayLine&) = delete;
  DelayLine& operator=(const DelayLine&) = delete;
  // Needs: stopped, or never started.
  ~DelayLine();

  void start();
  // Ends the thread, and then drops what is left, or does it at once, in order. Nothing is added meanwhile or later.
  void stop(Rest rest);
  // Any thread, also before start(). What is due at the same time is done in the order of the calls.
  void add(Clock::time_point due, std::function<void()> action);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<Clock::time_point, std::uint64_t>, std::function<void()>> waiting_;
  std::uint64_t last_number_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenon::fault
