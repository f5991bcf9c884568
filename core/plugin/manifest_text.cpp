// SPDX-License-Identifier: MIT
#include "manifest_text.hpp"

#include <algorithm>

#include "plugin/refusal.hpp"

namespace tenon::plugin {
namespace {

bool is_control(char character) noexcept {
  const auto byte = static_cast<unsigned char>(character);
  return (byte < 0x20 && character != '\t') || byte == 0x7f;
}

void read_line(std::string_view line, std::size_t number, const std::string& origin,
               std::vector<ManifestSection>& sections) {
  if (std::any_of(line.begin(), line.end(), is_control)) {
    refuse_line(origin, number, "a control character", "text");
  }
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return;
  if (line.front() == '[' && line.back() == ']') {
    const std::string name(trimmed(line.substr(1, line.size() - 2)));
    const auto same = [&name](const ManifestSection& section) { return section.name == name; };
    if (std::any_of(sections.begin(), sections.end(), same)) {
      refuse_line(origin, number, "[" + name + "] for the second time", "each section once");
    }
    sections.push_back({name, number, {}});
    return;
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    refuse_line(origin, number, "'" + std::string(line) + "'", "`name = value` or `[section]`");
  }
  const std::string key(trimmed(line.substr(0, equals)));
  if (sections.empty()) refuse_line(origin, number, "the key '" + key + "' before any section", "[plugin] first");
  if (sections.back().find(key) != nullptr) {
    refuse_line(origin, number, "the key '" + key + "' for the second time", "each key once in a section");
  }
  sections.back().entries.push_back({key, std::string(trimmed(line.substr(equals + 1))), number});
}

}  // namespace

const ManifestEntry* ManifestSection::find(std::string_view key) const noexcept {
  for (const ManifestEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

void refuse_line(const std::string& origin, std::size_t line, const std::string& found, const std::string& wanted) {
  throw Refusal(RefusalKind::malformed_manifest, origin + ": its manifest is malformed in line " +
                                                     std::to_string(line) + ": found " + found + ", wanted " + wanted +
                                                     ". Its author has to correct it.");
}

std::vector<ManifestSection> read_sections(std::string_view text, const std::string& origin) {
  std::vector<ManifestSection> sections;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, end), number, origin, sections);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sections;
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace tenon::plugin
