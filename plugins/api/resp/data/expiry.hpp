// SPDX-License-Identifier: MIT
// Times to live as commands say them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "number.hpp"
#include "text.hpp"

namespace tenon::api_resp {

inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";

// What a node takes, beyond which a time is none.
inline constexpr std::int64_t kLifetimeMsMax = std::int64_t{1} << 45;
inline constexpr std::int64_t kExpiresAtMsMax = std::int64_t{1} << 50;

// How a word of SET or the name of a command says a time.
struct ExpiryUnit {
  bool is_absolute;     // a point in time since 1970, not a duration
  std::int64_t factor;  // to milliseconds

  friend bool operator==(const ExpiryUnit&, const ExpiryUnit&) = default;
};

// Of EX, PX, EXAT and PXAT; nullopt for another word.
inline std::optional<ExpiryUnit> expiry_unit(std::string_view word) noexcept {
  if (equals(word, "ex")) return ExpiryUnit{false, 1000};
  if (equals(word, "px")) return ExpiryUnit{false, 1};
  if (equals(word, "exat")) return ExpiryUnit{true, 1000};
  if (equals(word, "pxat")) return ExpiryUnit{true, 1};
  return std::nullopt;
}

inline std::string invalid_expire_text(std::string_view command) {
  return "ERR invalid expire time in '" + lower(command) + "' command";
}

// The time in milliseconds, or why there is none.
struct ParsedExpiry {
  std::int64_t milliseconds = 0;
  std::string error;
};
inline ParsedExpiry parse_expiry(std::string_view text, const ExpiryUnit& unit, std::string_view command) {
  const std::optional<std::int64_t> number = parse_integer(text);
  if (!number) return {0, std::string(kNotAnInteger)};
  std::int64_t milliseconds = 0;
  const std::int64_t most = unit.is_absolute ? kExpiresAtMsMax : kLifetimeMsMax;
  if (__builtin_mul_overflow(*number, unit.factor, &milliseconds) || milliseconds > most) {
    return {0, invalid_expire_text(command)};
  }
  return {milliseconds, {}};
}

}  // namespace tenon::api_resp
