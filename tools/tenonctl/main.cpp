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
  if (const char* endpoints = std::getenv("TENONCTL_ENDPOINTS")) surroundings.endpoints = endpoints;
  return run(arguments, surroundings);
}
