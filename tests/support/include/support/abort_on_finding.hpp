// SPDX-License-Identifier: MIT
// For tests that run plugins under validation: the first finding ends the test, unless the test breaks that rule on
// purpose.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "validation/finding.hpp"

namespace tenon::support {

class AbortOnFinding final : public validation::Reporter {
 public:
  // The host of this test breaks the rule on purpose.
  void tolerate(validation::Rule rule) noexcept { tolerated_.store(rule); }

  void report(const validation::Finding& finding) noexcept override {
    if (finding.blame == validation::Blame::host && finding.rule == tolerated_.load()) return;
    std::fprintf(stderr, "%s\n", finding.text().c_str());
    std::abort();
  }
  // A machine that runs tests is busy.
  void slow_call(const char*, std::chrono::nanoseconds) noexcept override {}

 private:
  std::atomic<std::optional<validation::Rule>> tolerated_{std::nullopt};
};

}  // namespace tenon::support
