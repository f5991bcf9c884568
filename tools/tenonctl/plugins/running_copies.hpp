// SPDX-License-Identifier: MIT
// Processes that run a plugin, and whether its file is still what they have loaded.
#pragma once

#include <filesystem>
#include <vector>

#include <sys/types.h>

namespace tenon::tenonctl {

struct RunningCopy {
  enum class State {
    current,
    replaced,    // another file has the name now; the process runs on what it has loaded
    overwritten  // the file itself has changed since: the process may end at any moment
  };
  pid_t process;
  State state;
};

// Of those processes that this user may look at; ascending.
std::vector<RunningCopy> running_copies(const std::filesystem::path& library);

}  // namespace tenon::tenonctl
