// SPDX-License-Identifier: MIT
// Diagnostics on standard error, one line each: time in UTC, severity, room, text. Lines are queued and written by a
// thread of their own, so that a terminal or pipe that stands still never holds up the node; when the queue is full the
// oldest are dropped, and the end of the program says how many.
#pragma once

#include <cstddef>
#include <memory>

#include "host/logger.hpp"

namespace spdlog {
class async_logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace tenon::server {

class ServerLogger final : public host::Logger {
 public:
  static constexpr std::size_t kQueuedLinesMax = 8192;

  // Lines below `severity_min` (TENON_SEVERITY_*) are not written.
  explicit ServerLogger(std::uint32_t severity_min);
  // Writes what is queued.
  ~ServerLogger() override;

  bool wants(std::uint32_t severity) const noexcept override { return severity >= severity_min_; }
  void write(std::uint32_t severity, std::string_view room, std::string_view line) noexcept override;

 private:
  const std::uint32_t severity_min_;
  std::shared_ptr<spdlog::details::thread_pool> thread_pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace tenon::server
