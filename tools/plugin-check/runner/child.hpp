// SPDX-License-Identifier: MIT
// Runs one check in a process of its own, under a watchdog.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/verdict.hpp"

namespace tenon::plugin_check {

struct ChildPlan {
  std::vector<std::string> arguments;  // of this very program, without its name
  std::filesystem::path directory;     // the child's, where it writes its result
  std::chrono::milliseconds patience;  // then the child and all that it started are killed
};

struct Outcome {
  Result result;
  double seconds = 0;
  std::vector<std::string> last_lines;  // of the logger and of what was printed, when the check did not pass
};

// Runs the child to its end. Throws std::system_error when it cannot be started.
Outcome run_child(const ChildPlan& plan);

// What a child that ended by `status` (of waitpid) came to. `under_way` is what progress said last.
Result judge(int status, const std::optional<Result>& written, const std::string& under_way);

}  // namespace tenon::plugin_check
