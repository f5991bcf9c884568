// SPDX-License-Identifier: MIT
#include "admin_text.hpp"

#include <algorithm>

#include "tenon/option.hpp"

namespace tenon::api_http {

namespace {

void take(std::string_view pair, char separator, NamedTexts& texts) {
  const std::size_t at = std::min(pair.find(separator), pair.size());
  texts.emplace(pair.substr(0, at), pair.substr(std::min(at + 1, pair.size())));
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

NamedTexts read_lines(std::string_view text) {
  NamedTexts texts;
  for (const std::string_view line : split(text, '\n')) take(line, ' ', texts);
  return texts;
}

std::vector<NamedTexts> read_table(std::string_view text) {
  std::vector<NamedTexts> table;
  for (const std::string_view line : split(text, '\n')) {
    NamedTexts& row = table.emplace_back();
    for (const std::string_view field : split(line, ' ')) take(field, '=', row);
    std::erase_if(row, [](const auto& one) { return one.second == "-"; });
  }
  return table;
}

std::vector<std::string> web_addresses(std::string_view members) {
  constexpr std::string_view kScheme = "http://";
  std::vector<std::string> found;
  for (const NamedTexts& member : read_table(members)) {
    for (const std::string_view address : split(text_at(member, "clients"), '|')) {
      if (address.starts_with(kScheme)) found.emplace_back(address.substr(kScheme.size()));
    }
  }
  return found;
}

std::string_view text_at(const NamedTexts& texts, std::string_view name) noexcept {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string_view() : std::string_view(found->second);
}

std::uint64_t number_at(const NamedTexts& texts, std::string_view name) noexcept {
  const auto number = parse_integer(text_at(texts, name));
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

}  // namespace tenon::api_http
