// SPDX-License-Identifier: MIT
// What people and the environment call options.
#include "config/option_table.hpp"

namespace tenon::config {
namespace {

std::string capitals(std::string_view text) {
  std::string made(text);
  for (char& letter : made) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (letter == '.' || letter == '-') letter = '_';
  }
  return made;
}

}  // namespace

std::string environment_name(std::string_view section, std::string_view name) {
  return "TENON_" + capitals(section) + "_" + capitals(name);
}

std::string describe_type(const Option& option) {
  const std::string range = std::string(option.min) + " to " + std::string(option.max);
  switch (option.type) {
    case OptionType::kInteger:
      return option.unit.empty() ? "integer, " + range : "integer, " + range + " " + std::string(option.unit);
    case OptionType::kSize:
      return "size (bytes, B, KiB, MiB, GiB), " + range;
    case OptionType::kDuration:
      return "duration (us, ms, s, m, h), " + range;
    case OptionType::kText:
      return "text";
    case OptionType::kList:
      return "list, separated by commas";
    case OptionType::kChoice:
      break;
  }
  std::string choices = "one of ";
  for (const char letter : option.choices) {
    if (letter == '|') {
      choices += ", ";
    } else {
      choices += letter;
    }
  }
  return choices;
}

}  // namespace tenon::config
