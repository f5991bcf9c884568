// SPDX-License-Identifier: MIT
// The command line of tenon-bench.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "load.hpp"

namespace tenon::bench {

enum class ReportFormat { text, json };

struct Options {
  LoadOptions load;
  ReportFormat format = ReportFormat::text;
};

// What was found, what is expected.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string help_text();
// nullopt: help was asked for. `endpoints` is what to use when none are named. Throws UsageError.
std::optional<Options> parse_options(std::span<const std::string> words, const std::string& endpoints);

}  // namespace tenon::bench
