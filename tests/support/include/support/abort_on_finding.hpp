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
  // This side breaks the rule on purpose.
  void tolerate(validation::Rule rule, validation::Blame blame = validation::Blame::host) noexcept {
    of(blame).store(rule);
  }

  void report(const validation::Finding& finding) noexcept override {
    if (finding.rule == of(finding.blame).load()) return;
    std::fprintf(stderr, "%s\n", finding.text().c_str());
    std::abort();
  }
  // A machine that runs tests is busy.
  void slow_call(const char*, std::chrono::nanoseconds) noexcept override {}

 private:
  using Tolerated = std::atomic<std::optional<validation::Rule>>;
  Tolerated& of(validation::Blame blame) noexcept { return blame == validation::Blame::host ? of_host_ : of_plugin_; }

  Tolerated of_host_{std::nullopt};
  Tolerated of_plugin_{std::nullopt};
};

}  // namespace tenon::support
