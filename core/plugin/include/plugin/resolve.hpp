// SPDX-License-Identifier: MIT
// From the name of a plugin to a file that may be trusted.
//
// A plugin runs with all rights of the process, so whoever can replace its file owns the process. Hence a name is
// looked for in configured absolute directories only, never in the working directory, a home or the linker's path; and
// the file that is found after all symbolic links, and every directory above it, must belong to root or to the
// effective user and be writable by nobody else. A directory with the sticky bit, such as /tmp, may be writable by
// others, since they cannot replace what is not theirs, and the entry below it is checked to be root's or ours.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "plugin/kind.hpp"

namespace tenon::plugin {

using Directories = std::span<const std::filesystem::path>;

// Where plugins are looked for when no directory is configured: in the prefix that this program is installed in,
// wherever that was moved to; in a build tree at `build_tree`, as seen from the directory of the program; else in the
// prefix that the build was configured for.
std::vector<std::filesystem::path> default_directories(const std::filesystem::path& build_tree);

// tenon-KIND-NAME.so
std::string file_name(Kind kind, std::string_view name);

// How messages call a plugin: KIND.NAME, which is also its section in the config; for a path, the path.
std::string plugin_name(Kind kind, std::string_view name);

// Finds the file of a plugin: `name` is of a-z 0-9 _ -, and the first directory that has the file decides; or it is the
// absolute path of a file. Returns the real path, which has passed check_location().
// Throws Refusal: invalid_name, invalid_directory, missing_file (naming the directories and the nearest name there),
// and what check_location() throws.
std::filesystem::path resolve(Kind kind, std::string_view name, Directories directories);

// Checks that a file may be trusted, as stated above, for a process that runs as `user`.
// Throws Refusal: missing_file, unreadable_file, not_a_regular_file, writable_by_others, other_owner.
// Needs: an absolute path without symbolic links.
void check_location(const std::filesystem::path& real_path, uid_t user);

}  // namespace tenon::plugin
