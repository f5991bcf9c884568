// SPDX-License-Identifier: MIT
// Keeps what validation finds, to be looked at.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "validation/finding.hpp"

namespace tenon::validation::test {

class Recorder final : public Reporter {
 public:
  void report(const Finding& finding) noexcept override {
    const std::lock_guard lock(mutex_);
    findings_.push_back(finding);
  }
  void slow_call(const char*, std::chrono::nanoseconds) noexcept override {
    const std::lock_guard lock(mutex_);
    ++slow_calls_;
  }

  // The findings since the last call, one line each: "plugin durable tenon_storage_host.durable".
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const Finding& finding : findings_) {
      lines.push_back(std::string(finding.blame == Blame::plugin ? "plugin " : "host ") + name_of(finding.rule) + " " +
                      finding.function);
    }
    findings_.clear();
    return lines;
  }
  // In full, those since the last take().
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const Finding& finding : findings_) text += finding.text() + "\n";
    return text;
  }
  std::size_t slow_calls() const {
    const std::lock_guard lock(mutex_);
    return slow_calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Finding> findings_;
  std::size_t slow_calls_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace tenon::validation::test
