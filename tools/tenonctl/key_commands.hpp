// SPDX-License-Identifier: MIT
// The commands that read and write keys, and those of sessions.
#pragma once

#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// Runs the command and returns an exit code. Throws what a client throws, and std::runtime_error for a file that cannot
// be read or written. Needs: a command that cluster_commands.hpp does not have.
int run_key_command(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
