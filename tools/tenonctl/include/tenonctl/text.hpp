// SPDX-License-Identifier: MIT
// Bytes as text: escaped for people, as JSON strings, as base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::tenonctl {

// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

// One line that a terminal can show: printable characters as they are, a backslash as \\, a line end as \n, a tabulator
// as \t, a carriage return as \r, and every byte of what remains, control characters and what is not UTF-8, as \xNN.
std::string escaped(std::string_view bytes);

// With quotes. Needs: is_utf8(text).
std::string json_string(std::string_view text);

std::string to_base64(std::string_view bytes);
// nullopt for what to_base64 does not produce.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace tenon::tenonctl
