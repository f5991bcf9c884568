// SPDX-License-Identifier: MIT
// The commands of tenonctl and their flags, as tables.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "tenonctl/command_line.hpp"

namespace tenon::tenonctl {

struct CommandDescription {
  std::string_view name;  // of one or two words
  Command command;
  std::string_view arguments;
  std::size_t arguments_min;
  std::size_t arguments_max;
  std::string_view summary;
  std::string_view details;
};
std::span<const CommandDescription> commands();

// What people look for and a later version brings.
std::span<const std::string_view> later_commands();

struct FlagDescription {
  const char* name;
  const char* value;  // what it takes; nullptr: nothing
  const char* summary;
  std::initializer_list<Command> commands;  // that take the flag
};
std::span<const FlagDescription> command_flags();
bool takes(const FlagDescription& flag, Command command);

}  // namespace tenon::tenonctl
