// SPDX-License-Identifier: MIT
// The verdicts as text for people, and as JUnit XML.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "runner/check.hpp"
#include "runner/child.hpp"

namespace tenon::plugin_check {

struct Reported {
  const Check* check;
  Outcome outcome;
  std::string replay;  // a command
  std::string kept;    // the directory of the check; empty: it is gone
};

// One line; of what did not pass also the promise, the reason, the last lines and the replay.
void print(std::ostream& output, const Reported& reported);

// "12 passed, 1 failed, 0 crashed, 0 hung, 2 skipped"
std::string summary(const std::vector<Reported>& all);

// Says whether anything failed, crashed or hung.
bool any_failed(const std::vector<Reported>& all);

std::string junit_text(const std::string& plugin, const std::vector<Reported>& all);

// The checks with kind of suite and promise.
void print_list(std::ostream& output, const std::vector<const Check*>& checks);

}  // namespace tenon::plugin_check
