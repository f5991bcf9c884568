// SPDX-License-Identifier: MIT
// The answers to admin verbs are text: lines of `name value`, or of `name=value` fields. What this version does not
// know is skipped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::api_http {

using NamedTexts = std::map<std::string, std::string, std::less<>>;

// Of lines of `name value`; of several of one name the first.
NamedTexts read_lines(std::string_view text);
// Of lines of fields, a map for each; a value of `-` is left out.
std::vector<NamedTexts> read_table(std::string_view text);

// An empty text when it is not there.
std::string_view text_at(const NamedTexts& texts, std::string_view name) noexcept;
// 0 when it is not there or no number.
std::uint64_t number_at(const NamedTexts& texts, std::string_view name) noexcept;
// What stands between the separators.
std::vector<std::string_view> split(std::string_view text, char separator);
// Where members serve HTTP, as host:port, of the answer to the verb members.
std::vector<std::string> web_addresses(std::string_view members);

}  // namespace tenon::api_http
