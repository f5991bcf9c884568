// SPDX-License-Identifier: MIT
// What the linker left in a plugin's file for the dynamic linker, read without loading it and so without running any of
// its code. The file may be anybody's: nothing is followed or allocated before it was compared with the file's size.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tenon::plugin {

struct Linkage {
  std::string build_id;                   // in hexadecimal digits; empty: it has none
  std::vector<std::string> needed;        // the libraries that it names
  std::vector<std::string> search_paths;  // where it has them looked for first, one directory each
  std::vector<std::string> exported;      // symbols that others may use
  std::vector<std::string> unique;        // those of them that are merged over the whole process
  std::vector<std::string> undefined;     // symbols that a needed library must have, weak ones excepted
  bool binds_now = false;
  bool has_text_relocations = false;
  bool has_executable_stack = false;
};

// Throws Refusal: what opening the file refuses, and damaged_file. Needs: read_note() takes the file, so that it is one
// of this architecture. Any thread.
Linkage read_linkage(const std::filesystem::path& path);

}  // namespace tenon::plugin
