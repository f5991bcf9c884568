// SPDX-License-Identifier: MIT
#include "backups/progress_bar.hpp"

#include <algorithm>
#include <ostream>
#include <string>

namespace tenon::tenonctl {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::uint64_t kWidth = 32;
constexpr std::uint64_t kMebibyte = 1u << 20;

}  // namespace

ProgressBar::~ProgressBar() {
  if (is_drawn_) surroundings_.messages << "\n";
}

void ProgressBar::show(Unit unit, std::uint64_t done, std::uint64_t total) {
  if (surroundings_.messages_device != OutputDevice::kTerminal || total == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (done < total && now < next_) return;
  next_ = now + kInterval;
  is_drawn_ = true;
  const std::uint64_t shown = std::min(done, total);
  const std::uint64_t filled = shown / (total / kWidth + 1);
  std::string bar(static_cast<std::size_t>(shown == total ? kWidth : filled), '#');
  bar.resize(kWidth, '.');
  const std::uint64_t scale = unit == Unit::kBytes ? kMebibyte : 1;
  surroundings_.messages << "\r[" << bar << "] " << shown / scale << " of " << total / scale
                         << (unit == Unit::kBytes ? " MiB" : " entries") << std::flush;
}

}  // namespace tenon::tenonctl
