// SPDX-License-Identifier: MIT
// The INI file, line by line. Boost.Program_options reads such files too but forgets where it found a key, and every
// refusal of ours names file and line; hence this reader. Program_options reads the command line.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace tenon::config {

struct IniSection {
  std::string name;
  std::size_t line = 0;
};

struct IniEntry {
  std::string section;
  std::string key;
  std::string value;  // without white space around it; may be empty
  std::size_t line = 0;
};

// Everything in the order of the file. A section may be opened more than once.
struct Ini {
  std::vector<IniSection> sections;
  std::vector<IniEntry> entries;
};

// Throws ConfigError with file and line for a line of another form, a key before the first section, a key that its
// section has already, and a control character.
Ini read_ini(const File& file);

// Without white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace tenon::config
