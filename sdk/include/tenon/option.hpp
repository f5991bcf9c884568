// SPDX-License-Identifier: MIT
// The values that options may have, as text and as numbers. The host checks options against the manifest by these same
// functions, so a plugin that reads a declared option with its declared type always finds a value.
//
//   integer   an optional '-' and decimal digits
//   size      decimal digits and one of B KiB MiB GiB; digits alone are bytes        64KiB = 65536
//   duration  decimal digits and one of us ms s m h                                  50ms = 50000 microseconds
//   boolean   yes | no
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

// Each returns nullopt for text of another form and for a number that does not fit.
inline std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

template <std::size_t count>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const Unit (&units)[count]) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    constexpr std::uint64_t max = std::numeric_limits<std::int64_t>::max();
    if (number > max / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

inline std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  constexpr Unit units[] = {{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
  return parse_quantity(text, units);
}

inline std::optional<std::chrono::microseconds> parse_duration(std::string_view text) noexcept {
  constexpr Unit units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
  const std::optional<std::uint64_t> count = parse_quantity(text, units);
  if (!count) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(*count));
}

inline std::optional<bool> parse_boolean(std::string_view text) noexcept {
  if (text == "yes") return true;
  if (text == "no") return false;
  return std::nullopt;
}

}  // namespace sdk_1
}  // namespace tenon
