// SPDX-License-Identifier: MIT
// The whole of tenon-plugin-check, given the checks that there are.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "runner/check.hpp"

namespace tenon::plugin_check {

inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;

// The checks without which no other makes sense: when one of them does not pass, the run ends.
inline constexpr char kNoteCheck[] = "plugin.note";
inline constexpr char kLoadCheck[] = "plugin.loads";

// Runs what the words ask for and returns the exit status. In a child it runs one check and does not return.
int run(const Checks& catalogue, std::span<const std::string> words, std::ostream& output, std::ostream& errors);

}  // namespace tenon::plugin_check
