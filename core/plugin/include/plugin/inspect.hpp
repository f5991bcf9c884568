// SPDX-License-Identifier: MIT
// What there is to know about plugins without running any of their code.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugin/elf_note.hpp"
#include "plugin/manifest.hpp"
#include "plugin/refusal.hpp"
#include "plugin/resolve.hpp"

namespace tenon::plugin {

struct Description {
  std::filesystem::path path;
  Note note;
  Manifest manifest;
};

// Throws Refusal: other_architecture, other_abi. `origin` says in messages whose words they are.
void check_abi(const std::array<std::uint32_t, 4>& abi, const std::string& origin);

// Throws Refusal: wrong_kind.
void check_kind(Kind found, Kind wanted, const std::string& origin);

// Describes the plugin in a file, which is not checked for who may write to it.
// Throws Refusal: what read_note(), check_abi() and parse_manifest() throw.
Description inspect(const std::filesystem::path& path);

struct ListEntry {
  std::string name;                            // KIND.NAME; of a directory that cannot be searched, its path
  std::filesystem::path path;                  // before symbolic links are followed
  std::variant<Description, Refusal> outcome;  // whether load() would get as far as the options
};

// Every tenon-KIND-NAME.so of the directories, in their order and by name within one. Throws nothing but bad_alloc:
// what cannot be used is an entry with its refusal, also a directory. Of two entries with the same name the first is
// the one that resolve() finds.
std::vector<ListEntry> list(Directories directories);

// The entries as text with line ends, for people.
std::string format_list(const std::vector<ListEntry>& entries);

// What a person needs to know to configure a plugin: options with type, default, range and help, and its metrics.
// `name` is KIND.NAME, KIND as in file names and NAME as resolve() takes it. Throws Refusal: what resolve() and
// inspect() throw, wrong_kind, invalid_name.
std::string help(std::string_view name, Directories directories);

// The same text, of a plugin that was inspected before.
std::string format_help(std::string_view name, const Description& description);

}  // namespace tenon::plugin
