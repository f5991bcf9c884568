// SPDX-License-Identifier: MIT
#include "config/config.hpp"
#include "config/option_table.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kOriginColumn = 44;

std::string setting_line(std::string_view key, const Setting& setting) {
  std::string line = std::string(key) + " = " + setting.value;
  line.append(line.size() < kOriginColumn ? kOriginColumn - line.size() : 1, ' ');
  return line + "# " + setting.origin.text() + "\n";
}

}  // namespace

std::string print_settings(const Sections& settings) {
  std::string text;
  const Section empty;
  for (const std::string_view section : sections()) {
    const auto in = settings.find(section);
    const Section& values = in == settings.end() ? empty : in->second;
    text += (text.empty() ? "[" : "\n[") + std::string(section) + "]\n";
    for (const Option& option : options()) {
      if (option.section != section) continue;
      const auto found = values.find(option.name);
      text += found == values.end() ? "# " + std::string(option.name) + " is not set\n"
                                    : setting_line(option.name, found->second);
    }
  }
  for (const auto& [section, values] : settings) {
    if (section.find('.') == std::string::npos) continue;
    text += "\n[" + section + "]\n";
    for (const auto& [key, setting] : values) text += setting_line(key, setting);
  }
  return text;
}

}  // namespace tenon::config
