// SPDX-License-Identifier: MIT
// What the control thread waits for while the node runs: a signal that asks it to stop or to read its configuration
// again, or a part that cannot go on.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "host/event_signal.hpp"

namespace tenon::server {

enum class Wake { stop, failure, reload, time };

class Control {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP, which wait() takes, and ignores SIGPIPE. Before any other thread is made: they
  // inherit it.
  Control();
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Says that the node must stop, and why; the first reason holds. Any thread.
  void fail(const std::string& why);
  bool has_failed() const noexcept { return failed_.load(); }

  // Waits until something is to be done, but no longer than `timeout`. A failure is told before all else, and to stop
  // before to reload.
  Wake wait(std::chrono::milliseconds timeout);
  // Why the node must stop. Needs: has_failed().
  std::string failure() const;

 private:
  int signal_descriptor_ = -1;
  host::EventSignal failure_signal_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::string why_;
};

// Ends the process with exit code 1 and a line on standard error when it still runs after `seconds`: a disk that stands
// still must not keep a stopping node from ending. Once.
void end_process_after(unsigned seconds);

}  // namespace tenon::server
