// SPDX-License-Identifier: MIT
// What the linker left in a shared library, read without loading it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tenon::plugin_check {

struct ElfFile {
  std::vector<std::string> exported;      // defined dynamic symbols
  std::vector<std::string> unique;        // those of them that the dynamic linker merges over the whole process
  std::vector<std::string> search_paths;  // DT_RPATH and DT_RUNPATH, one directory each
  bool has_text_relocations = false;
  bool has_executable_stack = false;
  bool binds_now = false;
};

// Throws std::runtime_error for a file that contradicts itself.
ElfFile read_elf(const std::filesystem::path& path);

}  // namespace tenon::plugin_check
