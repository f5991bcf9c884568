// SPDX-License-Identifier: MIT
// What every format of this room must refuse, and bytes in a form that a reader can compare with a document.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::wire {

inline std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(digits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(digits[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

inline void check_damage_is_refused(const std::string& encoded, const std::function<bool(std::string_view)>& accepts) {
  REQUIRE(accepts(encoded));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    // Copied to its exact size, so that a sanitizer sees a read beyond the end.
    const std::vector<char> cut(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_FALSE(accepts({cut.data(), cut.size()}));
  }
  CHECK_FALSE(accepts(encoded + '\0'));
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    std::string damaged = encoded;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(accepts(damaged));
  }
}

// With a checksum that fits, as a writer of other intent would have made it.
inline std::string with_valid_checksum(std::string data) {
  const std::uint32_t checksum = crc32c(std::string_view(data).substr(4));
  std::memcpy(data.data(), &checksum, sizeof checksum);
  return data;
}
inline std::string rewritten(std::string data, std::size_t offset, unsigned char value) {
  data.at(offset) = static_cast<char>(value);
  return with_valid_checksum(std::move(data));
}

}  // namespace tenon::wire
