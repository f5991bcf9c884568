// SPDX-License-Identifier: MIT
// Diagnostics as lines: which of them are written, in which form, and how many.
//
// Text: `2026-01-02T03:04:05.678Z info raft: leads in term 3`. JSON: an object in a line,
// {"time":"..","level":"info","room":"raft","message":".."}. Neither form holds a control character, whatever the
// message holds, and a JSON line is valid UTF-8.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace tenon::server {

using WallTime = std::chrono::system_clock::time_point;

// One line with its line end. `severity` is one of TENON_SEVERITY_*.
std::string diagnostics_line(config::LoggerFormat format, WallTime time, std::uint32_t severity, std::string_view room,
                             std::string_view text);

// The severity from which on lines of this level are written.
std::uint32_t severity_of(config::LoggerLevel level) noexcept;

// The level of a room, by the most exact of the levels that are set: for "storage.filewal" that of storage.filewal,
// else that of storage, else the general one.
config::LoggerLevel level_of(const config::LoggerLevels& levels, std::string_view room) noexcept;

// Keeps what repeats too often from filling a disk: the lines of one room and severity share kBurst lines, and get one
// back each kRefill. Not thread-safe.
class LineLimit {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr std::uint32_t kBurst = 100;
  static constexpr std::chrono::milliseconds kRefill{100};
  static constexpr std::size_t kRoomsMax = 64;  // with their severities; what comes beyond shares one place

  // Whether a line may be written, and if so how many were held back since the last one of its room and severity.
  // nullopt: it is held back.
  std::optional<std::uint64_t> take(std::string_view room, std::uint32_t severity, Instant now);
  // How many were held back and not yet told of, in all.
  std::uint64_t held_back() const noexcept;

 private:
  struct Place {
    std::uint32_t lines_left = kBurst;
    Instant refilled{};  // up to which refills have been counted
    std::uint64_t held_back = 0;
  };
  Place& place_of(std::string_view room, std::uint32_t severity);

  std::map<std::string, Place, std::less<>> places_;  // by severity and room; at most kRoomsMax + 1
};

}  // namespace tenon::server
