// SPDX-License-Identifier: MIT
// An eventfd that one side raises and the other waits for and lowers.
#pragma once

namespace tenon::host {

class EventSignal {
 public:
  // Throws tenon::Error(IO) when the system has no descriptor left.
  EventSignal();
  ~EventSignal();
  EventSignal(const EventSignal&) = delete;
  EventSignal& operator=(const EventSignal&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  void raise() const noexcept;  // Readable from now on. Any thread.
  void lower() const noexcept;  // Not readable until the next raise(). Any thread.

 private:
  int descriptor_;
};

}  // namespace tenon::host
