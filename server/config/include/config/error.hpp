// SPDX-License-Identifier: MIT
// Why a configuration or a command line was refused. Both are for the person who started the program.
#pragma once

#include <stdexcept>
#include <string>

namespace tenon::config {

// Exit codes of sysexits(3), which service managers and scripts know.
constexpr int kExitUsage = 64;   // EX_USAGE: the command line could not be understood
constexpr int kExitConfig = 78;  // EX_CONFIG: the configuration was read and refused

// what() is one line: where the value came from (FILE:LINE, `environment NAME` or `flag --set`), section.key, what was
// found, what was expected, what to do. The caller prints it and exits with kExitConfig; nothing was started.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// what() is one line naming the flag. The caller prints it and exits with kExitUsage.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tenon::config
