// SPDX-License-Identifier: MIT
// tenonctl as a function, so that tests can run it.
#pragma once

#include <iosfwd>
#include <optional>
#include <span>
#include <string>

namespace tenon::tenonctl {

// Exit codes; scripts rely on them.
constexpr int kExitOk = 0;
constexpr int kExitError = 1;         // refused, unknown outcome, a file that cannot be read, not in this version
constexpr int kExitNoConnection = 2;  // no endpoint answered; a write was not sent
constexpr int kExitCondition = 3;     // there is no such key, or the condition of a cas or txn failed
constexpr int kExitUsage = 64;        // the command line could not be understood

enum class OutputDevice { kTerminal, kOther };

struct Surroundings {
  std::istream& input;
  std::ostream& output;                        // data and nothing else
  std::ostream& messages;                      // for people
  OutputDevice device = OutputDevice::kOther;  // of output
  std::optional<std::string> endpoints;        // TENONCTL_ENDPOINTS
  std::optional<std::string> state_directory;  // where this user's programs keep their state
  OutputDevice messages_device = OutputDevice::kOther;
};

// Runs one command and returns the exit code. `arguments` are those after the program's name. Throws nothing.
int run(std::span<const std::string> arguments, const Surroundings& surroundings) noexcept;

}  // namespace tenon::tenonctl
