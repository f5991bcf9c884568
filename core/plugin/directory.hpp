// SPDX-License-Identifier: MIT
// The plugin files of one directory, by their names alone.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "plugin/kind.hpp"

namespace tenon::plugin {

struct PluginFile {
  Kind kind;
  std::string name;
  std::filesystem::path path;
};

struct Search {
  std::vector<PluginFile> files;  // sorted by path
  std::error_code error;          // why not all, or none, of them could be read
};

// Any file whose name is tenon-KIND-NAME.so, whatever is in it.
Search search(const std::filesystem::path& directory);

// Throws Refusal(invalid_directory).
void check_absolute(const std::filesystem::path& directory);

// a-z 0-9 _ -
constexpr bool is_name_character(char character) noexcept {
  return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '_' ||
         character == '-';
}

}  // namespace tenon::plugin
