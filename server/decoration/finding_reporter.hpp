// SPDX-License-Identifier: MIT
// What validation finds about one plugin instance: counted, logged at a bounded rate, and the end of the process when
// the config wants that.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "host/logger.hpp"
#include "host/metrics.hpp"
#include "validation/finding.hpp"

namespace tenon::server {

class FindingReporter final : public validation::Reporter {
 public:
  enum class Then { go_on, abort };

  // Keeps: logger and metrics, for its life.
  FindingReporter(std::string room, Then then, host::Logger& logger, host::Metrics& metrics);

  void report(const validation::Finding& finding) noexcept override;
  void slow_call(const char* function, std::chrono::nanoseconds took) noexcept override;

 private:
  // Whether one more line may be written now.
  bool may_log() noexcept;

  const std::string room_;
  const Then then_;
  host::Logger& logger_;
  host::Metrics& metrics_;
  const std::uint32_t plugin_findings_;
  const std::uint32_t host_findings_;
  const std::uint32_t slow_calls_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point interval_end_;  // of the interval whose lines are counted
  std::uint64_t lines_ = 0;
};

}  // namespace tenon::server
