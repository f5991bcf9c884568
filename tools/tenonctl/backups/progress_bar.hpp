// SPDX-License-Identifier: MIT
// How far a backup is, as a line that is drawn again and again. On a terminal only: elsewhere nothing is written.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>

#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

class ProgressBar {
 public:
  // Keeps: surroundings, for its life.
  explicit ProgressBar(const Surroundings& surroundings) : surroundings_(surroundings) {}
  // Ends the line, so that what follows stands in the next.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  enum class Unit { kBytes, kEntries };
  // Draws a few times a second, and always the end.
  void show(Unit unit, std::uint64_t done, std::uint64_t total);

 private:
  const Surroundings& surroundings_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace tenon::tenonctl
