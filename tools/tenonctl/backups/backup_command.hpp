// SPDX-License-Identifier: MIT
// `tenonctl backup`: the state of the cluster as a file, read from one node, and checked as it comes.
#pragma once

#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// With --since: the log behind the end of an earlier backup, up to what was committed when the backup began. Otherwise:
// has an image taken by the first endpoint that answers, with all that was acknowledged before, and writes it to the
// file. The file is there when it is whole, checked and durable, and else not. A connection that is lost goes on at the
// same node, while that takes no longer than the invocation's timeout. Returns an exit code; throws what a client
// throws, and std::runtime_error.
int take_backup(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
