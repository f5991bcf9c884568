// SPDX-License-Identifier: MIT
// How the system's scheduler treats the threads of a node. A request goes through many of them, each of which does
// little and wakes the next; one that takes the processor at once from whoever woke it finds one request where it would
// have found ten a moment later.
#pragma once

#include <optional>
#include <string>

namespace tenon::server {

// Asks the scheduler to treat the calling thread, and those that it makes from now on, as batch work (SCHED_BATCH of
// sched(7)): one that is woken waits for the end of the running one's turn, which it shares as before. Needs no rights.
// Leaves a policy alone that somebody has chosen for the process, as with chrt(1). Returns why it could not be done.
std::optional<std::string> schedule_as_batch();

}  // namespace tenon::server
