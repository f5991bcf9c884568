// SPDX-License-Identifier: MIT
// The words of a command line that name nodes and where they are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tenonctl/command_line.hpp"

namespace tenon::tenonctl {

// The id of a node. Throws UsageError, which names the command.
std::uint64_t node_of(const std::string& command, const std::string& text);

// Makes the change of members that the arguments and flags ask for, when the command is one. Throws UsageError. Needs:
// as many arguments as the command takes.
void take_member_words(const std::function<bool(const char* flag)>& has_flag, Invocation& invocation);

}  // namespace tenon::tenonctl
