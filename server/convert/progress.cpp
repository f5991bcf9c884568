// SPDX-License-Identifier: MIT
#include "convert/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace tenon::server {
namespace {

constexpr std::chrono::milliseconds kDrawInterval(100);
constexpr std::chrono::milliseconds kLineInterval(2000);
constexpr std::uint64_t kWidth = 32;
constexpr std::uint64_t kMebibyte = 1u << 20;

std::string count_text(ProgressUnit unit, std::uint64_t done, std::uint64_t total) {
  const std::uint64_t scale = unit == ProgressUnit::kBytes ? kMebibyte : 1;
  return std::to_string(done / scale) + " of " + std::to_string(total / scale) +
         (unit == ProgressUnit::kBytes ? " MiB" : " entries");
}

}  // namespace

ConversionProgress::~ConversionProgress() { end_line(); }

void ConversionProgress::end_line() {
  if (!drawn_.empty()) std::cerr << "\n";
  drawn_.clear();
}

void ConversionProgress::show(std::string_view what, ProgressUnit unit, std::uint64_t done, std::uint64_t total) {
  if (total == 0) return;
  const auto now = std::chrono::steady_clock::now();
  const bool is_another = drawn_ != what;
  if (device_ == ProgressDevice::kLogger) {
    if (now < next_) return;
    next_ = now + kLineInterval;
    if (done > 0) {
      logger_.write(TENON_SEVERITY_INFO, "server", std::string(what) + ": " + count_text(unit, done, total));
    }
    return;
  }
  if (done < total && now < next_ && !is_another) return;
  next_ = now + kDrawInterval;
  if (is_another) end_line();
  drawn_ = what;
  std::string bar(static_cast<std::size_t>(done >= total ? kWidth : done / (total / kWidth + 1)), '#');
  bar.resize(kWidth, '.');
  std::cerr << "\r[" << bar << "] " << what << ": " << count_text(unit, done, total) << std::flush;
}

ProgressDevice progress_device() noexcept {
  return ::isatty(STDERR_FILENO) == 1 ? ProgressDevice::kTerminal : ProgressDevice::kLogger;
}

}  // namespace tenon::server
