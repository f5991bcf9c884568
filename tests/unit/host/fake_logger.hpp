// SPDX-License-Identifier: MIT
// A logger that keeps its lines to be looked at.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "host/logger.hpp"

namespace tenon::host {

class FakeLogger final : public Logger {
 public:
  explicit FakeLogger(std::uint32_t lowest = TENON_SEVERITY_DEBUG) noexcept : lowest_(lowest) {}

  bool wants(std::uint32_t severity, std::string_view) const noexcept override { return severity >= lowest_; }
  void write(std::uint32_t, std::string_view room, std::string_view line) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::string(room) + ": " + std::string(line));
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  const std::uint32_t lowest_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace tenon::host
