// SPDX-License-Identifier: MIT
#include "server_logger.hpp"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <string>

namespace tenon::server {
namespace {

spdlog::level::level_enum level_of(std::uint32_t severity) noexcept {
  switch (severity) {
    case TENON_SEVERITY_DEBUG:
      return spdlog::level::debug;
    case TENON_SEVERITY_INFO:
      return spdlog::level::info;
    case TENON_SEVERITY_WARNING:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

// A line comes from a plugin or a client's bytes: it must stay one line.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& letter : line) {
    if (static_cast<unsigned char>(letter) < ' ' || letter == '\x7f') letter = ' ';
  }
  return line;
}

}  // namespace

ServerLogger::ServerLogger(std::uint32_t severity_min)
    : severity_min_(severity_min), thread_pool_(std::make_shared<spdlog::details::thread_pool>(kQueuedLinesMax, 1)) {
  logger_ = std::make_shared<spdlog::async_logger>("tenond", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                                   thread_pool_, spdlog::async_overflow_policy::overrun_oldest);
  logger_->set_level(spdlog::level::debug);
  logger_->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
}

ServerLogger::~ServerLogger() {
  const std::size_t dropped = thread_pool_->overrun_counter();
  if (dropped != 0) {
    write(TENON_SEVERITY_WARNING, "logger", std::to_string(dropped) + " lines were dropped, the queue was full");
  }
  // The pool's thread ends first: what it has queued owns the logger too, and must not be the last to do so.
  thread_pool_.reset();
}

void ServerLogger::write(std::uint32_t severity, std::string_view room, std::string_view line) noexcept {
  if (!wants(severity)) return;
  try {
    logger_->log(level_of(severity), "{}: {}", room, one_line(line));
  } catch (...) {
    // A line that cannot be queued for want of memory is lost; the node goes on.
  }
}

}  // namespace tenon::server
