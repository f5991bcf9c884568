// SPDX-License-Identifier: MIT
// Diagnostics on standard error or in a file, in the forms of diagnostics.hpp. Lines are queued and written by a thread
// of their own, so that a terminal, pipe or disk that stands still never holds up the node; when the queue is full the
// oldest are dropped. What repeats too often is held back. Both are counted and told of.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "diagnostics.hpp"
#include "host/logger.hpp"

namespace spdlog {
class async_logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace tenon::server {

class LineSink;

class ServerLogger final : public host::Logger {
 public:
  static constexpr std::size_t kQueuedLinesMax = 8192;
  static constexpr std::size_t kLineBytesMax = 16 * 1024;  // of a message; the rest is left out

  // `file` is opened to append; nullopt: standard error. Throws config::ConfigError when it cannot be opened.
  ServerLogger(config::LoggerLevels levels, config::LoggerFormat format,
               const std::optional<std::filesystem::path>& file);
  // Writes what is queued, and how much was dropped or held back.
  ~ServerLogger() override;

  // The levels that hold from now on. Any thread.
  void set_levels(const config::LoggerLevels& levels);
  // Opens the file again, so that a file that was renamed is let go; nothing for standard error. When it cannot be
  // opened the old one stays in use, and the answer says why. Any thread.
  std::optional<std::string> reopen();

  bool wants(std::uint32_t severity, std::string_view room) const noexcept override;
  void write(std::uint32_t severity, std::string_view room, std::string_view line) noexcept override;
  void settle() noexcept override;

 private:
  void queue(std::uint32_t severity, std::string_view room, std::string_view line);

  const config::LoggerFormat format_;
  std::atomic<std::uint32_t> severity_min_;  // of the levels: below it nothing is written, whatever the room
  mutable std::mutex mutex_;
  config::LoggerLevels levels_;  // guarded by mutex_, as the next
  LineLimit limit_;
  std::shared_ptr<LineSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> thread_pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace tenon::server
