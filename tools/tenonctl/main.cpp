// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tenonctl/run.hpp"

int main(int argument_count, char** argument_values) {
  using namespace tenon::tenonctl;
  const std::vector<std::string> arguments(argument_values + std::min(1, argument_count),
                                           argument_values + argument_count);
  Surroundings surroundings{std::cin, std::cout, std::cerr};
  if (::isatty(STDOUT_FILENO) == 1) surroundings.device = OutputDevice::kTerminal;
  if (::isatty(STDERR_FILENO) == 1) surroundings.messages_device = OutputDevice::kTerminal;
  if (const char* endpoints = std::getenv("TENONCTL_ENDPOINTS")) surroundings.endpoints = endpoints;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    surroundings.state_directory = state;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    surroundings.state_directory = std::string(home) + "/.local/state";
  }
  return run(arguments, surroundings);
}
