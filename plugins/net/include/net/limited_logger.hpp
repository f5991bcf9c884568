// SPDX-License-Identifier: MIT
// A logger for lines that a client can provoke: what comes too fast is counted instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tenon/host.hpp"

namespace tenon::net {

// At most `lines_max` lines in each second; the next second's first line says how many were left out. Of one thread.
class LimitedLogger {
 public:
  using Clock = std::chrono::steady_clock;

  LimitedLogger(Host host, std::uint64_t lines_max) noexcept : host_(host), lines_max_(lines_max) {}

  void warning(const std::string& line, Clock::time_point now = Clock::now()) {
    if (now - second_began_ >= std::chrono::seconds(1)) {
      second_began_ = now;
      lines_ = 0;
      if (left_out_ != 0) host_.warning("left out " + std::to_string(left_out_) + " lines like the next");
      left_out_ = 0;
    }
    if (lines_ < lines_max_) {
      ++lines_;
      host_.warning(line);
    } else {
      ++left_out_;
    }
  }

 private:
  const Host host_;
  const std::uint64_t lines_max_;
  Clock::time_point second_began_{};
  std::uint64_t lines_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace tenon::net
