// SPDX-License-Identifier: MIT
#include "server_logger.hpp"

#include <spdlog/async.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "line_sink.hpp"
#include "tenon/plugin.h"

namespace tenon::server {
namespace {

std::uint32_t lowest_severity(const config::LoggerLevels& levels) noexcept {
  std::uint32_t lowest = severity_of(levels.general);
  for (const auto& [room, level] : levels.of_rooms) lowest = std::min(lowest, severity_of(level));
  return lowest;
}

}  // namespace

ServerLogger::ServerLogger(config::LoggerLevels levels, config::LoggerFormat format,
                           const std::optional<std::filesystem::path>& file)
    : format_(format),
      severity_min_(lowest_severity(levels)),
      levels_(std::move(levels)),
      sink_(std::make_shared<LineSink>(file)),
      thread_pool_(std::make_shared<spdlog::details::thread_pool>(kQueuedLinesMax, 1)),
      logger_(std::make_shared<spdlog::async_logger>("tenond", sink_, thread_pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest)) {
  logger_->set_level(spdlog::level::trace);  // what is written is decided before
}

ServerLogger::~ServerLogger() {
  const std::size_t dropped = thread_pool_->overrun_counter();
  const std::uint64_t held_back = limit_.held_back();
  try {
    if (dropped != 0) {
      queue(TENON_SEVERITY_WARNING, "logger", std::to_string(dropped) + " lines were dropped, the queue was full");
    }
    if (held_back != 0) {
      queue(TENON_SEVERITY_WARNING, "logger",
            std::to_string(held_back) + " lines were held back, they came too fast and were not yet told of");
    }
  } catch (...) {
    // For want of memory these two lines are lost as any other would be.
  }
  // The pool's thread ends first: what it has queued owns the logger too, and must not be the last to do so.
  thread_pool_.reset();
}

void ServerLogger::settle() noexcept {
  constexpr std::chrono::milliseconds look(1);
  constexpr std::chrono::seconds patience(1);
  const auto end = std::chrono::steady_clock::now() + patience;
  try {
    while (thread_pool_->queue_size() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(look);
    sink_->flush();  // waits for the line that is being written
  } catch (...) {
    // What cannot be waited for is lost with the process.
  }
}

void ServerLogger::set_levels(const config::LoggerLevels& levels) {
  const std::lock_guard lock(mutex_);
  levels_ = levels;
  severity_min_.store(lowest_severity(levels_));
}

std::optional<std::string> ServerLogger::reopen() { return sink_->reopen(); }

bool ServerLogger::wants(std::uint32_t severity, std::string_view room) const noexcept {
  if (severity < severity_min_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(mutex_);
  return severity >= severity_of(level_of(levels_, room));
}

void ServerLogger::write(std::uint32_t severity, std::string_view room, std::string_view line) noexcept {
  if (!wants(severity, room)) return;
  try {
    std::optional<std::uint64_t> held_back;
    {
      const std::lock_guard lock(mutex_);
      held_back = limit_.take(room, severity, std::chrono::steady_clock::now());
    }
    if (!held_back) return;
    if (*held_back != 0) {
      queue(severity, room,
            std::to_string(*held_back) + " lines were held back before the next, they came faster than " +
                std::to_string(std::chrono::seconds(1) / LineLimit::kRefill) + " in a second");
    }
    queue(severity, room, line);
  } catch (...) {
    // A line that cannot be queued for want of memory is lost; the node goes on.
  }
}

void ServerLogger::queue(std::uint32_t severity, std::string_view room, std::string_view line) {
  const bool is_whole = line.size() <= kLineBytesMax;
  const std::string cut = is_whole ? std::string() : std::string(line.substr(0, kLineBytesMax)) + " ..";
  const std::string made = diagnostics_line(format_, std::chrono::system_clock::now(), severity, room,
                                            is_whole ? line : std::string_view(cut));
  // As a string view, which is taken as it is and never read as a format.
  logger_->log(spdlog::level::info, spdlog::string_view_t(made.data(), made.size()));
}

}  // namespace tenon::server
