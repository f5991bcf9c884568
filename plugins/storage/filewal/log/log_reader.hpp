// SPDX-License-Identifier: MIT
// Reads the entries of a plan, and checks each of them against what is known of it.
#pragma once

#include <memory>

#include "filewal/file_log.hpp"

namespace tenon::filewal {

// FileLog::read().
std::unique_ptr<ReadEntries> read_entries(const ReadPlan& plan);

}  // namespace tenon::filewal
