// SPDX-License-Identifier: MIT
#pragma once

#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// Prints each change of the invocation's range as it comes. Ends after as many as were asked for, and when output
// fails; when the changes that come next are not kept any more, with kExitError. What no node answers at the beginning
// throws as any other command does; later it is tried again for a while, for a cluster that elects a leader answers
// soon.
int watch_keys(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
