// SPDX-License-Identifier: MIT
#include "set_options.hpp"

#include <algorithm>

namespace tenon::api_resp {

namespace {

// The time that the last words give; an error when it is none, or is not in the future.
template <class Options>
void read_expiry(std::string_view text, std::string_view command, Options& options) {
  const ParsedExpiry expiry = parse_expiry(text, *options.unit, command);
  options.milliseconds = expiry.milliseconds;
  options.error = expiry.error;
  if (options.error.empty() && options.milliseconds <= 0) options.error = invalid_expire_text(command);
}

}  // namespace

SetOptions parse_set_options(Arguments words) {
  SetOptions options;
  std::string_view time;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::optional<ExpiryUnit> unit = expiry_unit(word);
    // The same word twice is not refused: the last one holds.
    const bool may_expire = (!options.unit || options.unit == unit) && !options.keeps_expiry;
    if (equals(word, "nx") && !options.if_present) {
      options.if_absent = true;
    } else if (equals(word, "xx") && !options.if_absent) {
      options.if_present = true;
    } else if (equals(word, "get")) {
      options.returns_previous = true;
    } else if (equals(word, "keepttl") && !options.unit) {
      options.keeps_expiry = true;
    } else if (unit && may_expire && i + 1 < words.size()) {
      options.unit = unit;
      time = words[++i];
    } else {
      options.error = kSyntaxError;
      return options;
    }
  }
  if (options.unit) read_expiry(time, words[0], options);
  return options;
}

GetexOptions parse_getex_options(Arguments words) {
  GetexOptions options;
  std::string_view time;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::optional<ExpiryUnit> unit = expiry_unit(words[i]);
    if (equals(words[i], "persist") && !options.unit) {
      options.persists = true;
    } else if (unit && (!options.unit || options.unit == unit) && !options.persists && i + 1 < words.size()) {
      options.unit = unit;
      time = words[++i];
    } else {
      options.error = kSyntaxError;
      return options;
    }
  }
  if (options.unit) read_expiry(time, words[0], options);
  return options;
}

std::string_view part_of(std::string_view value, std::int64_t first, std::int64_t last) noexcept {
  const auto size = static_cast<std::int64_t>(value.size());
  if (first < 0 && last < 0 && first > last) return {};
  if (first < 0) first = std::max<std::int64_t>(0, first + size);
  if (last < 0) last = std::max<std::int64_t>(0, last + size);
  last = std::min(last, size - 1);
  if (first > last || size == 0) return {};
  return value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
}

}  // namespace tenon::api_resp
