// SPDX-License-Identifier: MIT
// Integers as Redis reads them: decimal, without spaces, sign '+', or leading zeros.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::api_resp {

// nullopt for text of another form and for a number that does not fit.
inline std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool has_leading_zero = digits.starts_with('0') && (digits.size() > 1 || text.size() > 1);
  if (digits.empty() || has_leading_zero) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tenon::api_resp
