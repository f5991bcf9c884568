// SPDX-License-Identifier: MIT
// Reads the note of a plugin out of its ELF file, without the dynamic linker and so without running any of its code.
//
// The file may be anybody's: every offset in it is compared with the size of the file before it is followed, and
// nothing is allocated from a length that the file has not room for. Only the header, the program headers and the note
// segments are read. tenon/define_plugin.h has the layout of the note.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace tenon::plugin {

inline constexpr std::uint64_t kManifestBytesMax = std::uint64_t{64} * 1024;

struct Note {
  std::array<std::uint32_t, 4> abi{};  // major, target minor, draft, bits of a pointer
  std::string manifest;                // without its zero; at most kManifestBytesMax
};

// Throws Refusal: missing_file, unreadable_file, not_a_regular_file, not_elf, damaged_file (also when a loadable
// segment or the section headers lie beyond the end, for such a file would kill the process when it is run),
// other_architecture, not_a_plugin, malformed_manifest (too large). Any thread.
Note read_note(const std::filesystem::path& path);

}  // namespace tenon::plugin
