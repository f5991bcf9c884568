// SPDX-License-Identifier: MIT
// The one table of the options that the server itself knows. Parsing, --help, --print-config and the test of
// configs/reference.conf derive from it. Options of plugins are not here: each plugin's manifest declares its own.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenon::config {

enum class OptionType {
  kInteger,   // decimal
  kSize,      // bytes: 64KiB
  kDuration,  // 50ms
  kText,      // its form is said in `help` and checked when the configuration is made
  kList,      // the same for each of its comma-separated items
  kChoice,    // one of `choices`
};

enum class Presence {
  kRequired,   // there is no default
  kOptional,   // may be absent; absence has a meaning, said in `help`
  kDefaulted,  // `default_value` holds when it is absent
};

struct Option {
  std::string_view section;
  std::string_view name;
  OptionType type;
  Presence presence;
  std::string_view default_value;  // as it would be written in a file
  std::string_view min;            // of numbers, sizes and durations, as written in a file; min <= default <= max
  std::string_view max;
  std::string_view choices;  // separated by '|'
  std::string_view unit;     // what a number counts; empty for text
  std::string_view help;
  std::string_view danger;  // what goes wrong with a bad value; may be empty
};

// In the order in which they are documented; options of one section are neighbours. Lives as long as the program.
std::span<const Option> options();

// nullptr: there is no such option.
const Option* find_option(std::string_view section, std::string_view name);

// The sections of the table, in its order.
std::span<const std::string_view> sections();

// The variable that sets section.name: TENON_LIMITS_VALUE_BYTES_MAX. A '.' or '-' in a section becomes '_'.
std::string environment_name(std::string_view section, std::string_view name);

// For people: "size in bytes, 1KiB to 8MiB", "one of debug, info, warning, error".
std::string describe_type(const Option& option);

}  // namespace tenon::config
