// SPDX-License-Identifier: MIT
// The commands that change who belongs to the cluster.
#pragma once

#include "format.hpp"
#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// Prints the members and returns the exit code. Throws as the client does.
int change_members(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
