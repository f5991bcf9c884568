// SPDX-License-Identifier: MIT
// A plugin project of one's own, made of the template.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::tenonctl {

// Writes the template into `directory` with its name replaced by `name` everywhere, and returns the files, relative.
// Throws std::runtime_error: the name is not of a-z, 0-9 and _ with a letter first, the directory is there and not
// empty, or cannot be written.
std::vector<std::string> write_project(const std::string& name, const std::filesystem::path& directory);

}  // namespace tenon::tenonctl
