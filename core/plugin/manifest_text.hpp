// SPDX-License-Identifier: MIT
// The lines of a manifest: sections with keys, and the line numbers that its refusals name.
//
// Boost.Program_options reads INI files too, but it cuts a value at '#', which help texts contain, forgets line numbers
// and loses a section that has no keys; hence this reader.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::plugin {

struct ManifestEntry {
  std::string key;
  std::string value;  // without white space around it
  std::size_t line;
};

struct ManifestSection {
  std::string name;
  std::size_t line;
  std::vector<ManifestEntry> entries;  // no key twice

  // Null: not set.
  const ManifestEntry* find(std::string_view key) const noexcept;
};

// Refuses a manifest for what stands in a line: throws Refusal(malformed_manifest). `wanted` ends the sentence.
[[noreturn]] void refuse_line(const std::string& origin, std::size_t line, const std::string& found,
                              const std::string& wanted);

// Throws Refusal(malformed_manifest): a line of another form, a control character, a key before the first section, a
// section or a key of one section twice.
std::vector<ManifestSection> read_sections(std::string_view text, const std::string& origin);

std::string_view trimmed(std::string_view text) noexcept;

}  // namespace tenon::plugin
