// SPDX-License-Identifier: MIT
// From the segments of a directory to a log that can be written to: read all of them, then mend what a crash has left.
#pragma once

#include <vector>

#include "filewal/file_log.hpp"
#include "filewal/file_system.hpp"
#include "format.hpp"
#include "log_writer.hpp"

namespace tenon::filewal {

// Opens and reads the segments, and changes nothing. Throws CORRUPT, UNSUPPORTED, IO.
// Needs: their numbers, ascending and without a gap; at least one.
RecoveredSegments read_segments(FileSystem& file_system, const std::vector<std::uint64_t>& numbers,
                                const Incarnation& incarnation, const LoggerFunction& logger);

// Sets a torn tail aside and cuts it, and makes all that was found durable. Throws IO, NO_SPACE.
void mend_last_segment(FileSystem& file_system, const RecoveredSegments& recovered, const LoggerFunction& logger);

}  // namespace tenon::filewal
