// SPDX-License-Identifier: MIT
// What the control thread waits for while the node runs: a signal that asks it to stop, or a part that cannot go on.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "host/event_signal.hpp"

namespace tenon::server {

class Control {
 public:
  // Blocks SIGTERM and SIGINT, which wait() takes, and ignores SIGPIPE. Before any other thread is made: they inherit
  // it.
  Control();
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Says that the node must stop, and why; the first reason holds. Any thread.
  void fail(const std::string& why);
  bool has_failed() const noexcept { return failed_.load(); }

  // Waits until the node is to stop. nullopt: it was asked to; otherwise why it must.
  std::optional<std::string> wait();

 private:
  int signal_descriptor_ = -1;
  host::EventSignal failure_signal_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::string why_;
};

// Ends the process with exit code 1 and a line on standard error when it still runs after `seconds`: a disk that stands
// still must not keep a stopping node from ending. Once.
void end_process_after(unsigned seconds);

}  // namespace tenon::server
