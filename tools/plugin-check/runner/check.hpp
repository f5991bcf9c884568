// SPDX-License-Identifier: MIT
// A check: one promise of the waist, and the function that finds out whether a plugin keeps it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugin/kind.hpp"

namespace tenon::plugin_check {

class Subject;

// Each suite holds the one before it.
enum class Suite { smoke, full };

struct Check {
  std::string name;                  // KIND.TOPIC, or plugin.TOPIC for what every kind must do
  std::optional<plugin::Kind> kind;  // nullopt: every kind
  Suite suite = Suite::smoke;
  std::string promise;                // one line with its clause: what holds when the check passes
  std::chrono::seconds patience{30};  // after which the child is taken to hang
  // Returns when the promise was kept; else it ends the process by Subject::fail() or skip().
  std::function<void(Subject&)> run;
};

using Checks = std::vector<Check>;

}  // namespace tenon::plugin_check
