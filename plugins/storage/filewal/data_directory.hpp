// SPDX-License-Identifier: MIT
// The birth of a data directory, and the check that one belongs to who opens it. The stamp is the last file that birth
// makes durable: a directory without one holds nothing yet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filewal/file_log.hpp"
#include "filewal/file_system.hpp"
#include "format.hpp"

namespace tenon::filewal {

// Returns the whole of a file that is read at once. Throws CORRUPT: it is larger than size_max. IO.
std::string read_small_file(FileSystem& file_system, std::string_view name, std::uint64_t size_max);

// Returns the incarnation of the directory, or nothing when it has no stamp. Changes nothing.
// Throws INVALID: the directory of another plugin, cluster or node. UNSUPPORTED: a newer format. CORRUPT, IO.
std::optional<Incarnation> find_incarnation(FileSystem& file_system, const Identity& identity);

// Makes a directory without a stamp into one of this identity, durable on return, and returns its incarnation: the one
// given, or a random one when that is all zeros.
// Throws CORRUPT: it holds a log, so the stamp was lost; nothing was changed. IO, NO_SPACE: what is left of the attempt
// does not hinder the next one.
Incarnation bear(FileSystem& file_system, const Identity& identity, const Incarnation& birth,
                 std::uint64_t segment_bytes);

// Nobody can foresee it, and so no record of another segment is taken for one of this.
std::uint32_t random_salt(FileSystem& file_system);

// Checks that the files of a log are there, its segments without a gap, and returns the segments' numbers, ascending.
// Changes nothing. Throws CORRUPT.
std::vector<std::uint64_t> check_files(const FileSystem& file_system);
// Removes what an interrupted birth left, and a spare segment: nobody knows how much of it was synced.
void remove_unfinished_files(FileSystem& file_system);

}  // namespace tenon::filewal
