// SPDX-License-Identifier: MIT
// Where the core's and the plugins' diagnostics go. What they are written to is the server's choice.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/plugin.h"

namespace tenon::host {

class Logger {
 public:
  virtual ~Logger() = default;
  // Whether lines of this severity (TENON_SEVERITY_*) from `room` are written at all. Any thread.
  virtual bool wants(std::uint32_t severity, std::string_view room) const noexcept = 0;
  // Writes one line from `room` (for example "node" or "storage.filewal"), or drops and counts it. Any thread; never
  // blocks for longer than it takes to queue the line.
  virtual void write(std::uint32_t severity, std::string_view room, std::string_view line) noexcept = 0;
  // Waits until the lines that were queued are written, a second at most: for who is about to end the process. Any
  // thread.
  virtual void settle() noexcept {}
};

}  // namespace tenon::host
