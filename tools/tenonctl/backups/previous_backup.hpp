// SPDX-License-Identifier: MIT
// The backup that an incremental one goes on from.
#pragma once

#include <filesystem>

#include "backup/position.hpp"

namespace tenon::tenonctl {

// Reads all of a full or an incremental backup, and returns where it ends. Throws std::runtime_error, which names the
// file, the offset and the reason, when it is not whole: what goes on from it would be of no use.
backup::Position read_previous(const std::filesystem::path& file);

}  // namespace tenon::tenonctl
