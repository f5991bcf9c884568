// SPDX-License-Identifier: MIT
// How far a conversion is: on a terminal a line that is drawn again and again, elsewhere a line of the logger every two
// seconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "convert/copy.hpp"
#include "host/logger.hpp"

namespace tenon::server {

enum class ProgressDevice { kTerminal, kLogger };

class ConversionProgress {
 public:
  // Keeps: the logger, for its life. On a terminal it writes to standard error.
  ConversionProgress(ProgressDevice device, host::Logger& logger) : device_(device), logger_(logger) {}
  // Ends the line, so that what follows stands in the next.
  ~ConversionProgress();
  ConversionProgress(const ConversionProgress&) = delete;
  ConversionProgress& operator=(const ConversionProgress&) = delete;

  void show(std::string_view what, ProgressUnit unit, std::uint64_t done, std::uint64_t total);

 private:
  void end_line();

  const ProgressDevice device_;
  host::Logger& logger_;
  std::string drawn_;  // what the line is about; empty: there is none
  std::chrono::steady_clock::time_point next_{};
};

// A terminal when standard error is one.
ProgressDevice progress_device() noexcept;

}  // namespace tenon::server
