// SPDX-License-Identifier: MIT
// Patterns as Redis has them: * any bytes, ? one, [a-z] [^a-z] one of, \ before what is to be taken as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenon::api_resp {

// What commands take, so that one pattern on one text costs little.
inline constexpr std::size_t kPatternBytesMax = 256;
inline constexpr std::string_view kPatternTooLong = "ERR a pattern has at most 256 bytes";

// Whether all of `text` is what `pattern` describes. Its cost is at most the product of the two sizes, and is added to
// `steps`.
bool matches(std::string_view pattern, std::string_view text, std::uint64_t& steps) noexcept;
inline bool matches(std::string_view pattern, std::string_view text) noexcept {
  std::uint64_t steps = 0;
  return matches(pattern, text, steps);
}

}  // namespace tenon::api_resp
