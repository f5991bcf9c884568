// SPDX-License-Identifier: MIT
// The slot of a key, as clients of a Redis Cluster compute it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tenon::api_resp {

inline constexpr std::uint16_t kSlotCount = 16384;

namespace detail {

// CRC16 with the polynomial 0x1021, from the highest bit, beginning with 0.
constexpr std::array<std::uint16_t, 256> make_crc16_table() noexcept {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) != 0 ? crc << 1 ^ 0x1021u : crc << 1;
    table[byte] = static_cast<std::uint16_t>(crc & 0xffffu);
  }
  return table;
}
inline constexpr std::array<std::uint16_t, 256> kCrc16Table = make_crc16_table();

}  // namespace detail

constexpr std::uint16_t crc16(std::string_view bytes) noexcept {
  unsigned crc = 0;
  for (const char byte : bytes) {
    const unsigned at = (crc >> 8 ^ static_cast<unsigned char>(byte)) & 0xffu;
    crc = (crc << 8 ^ detail::kCrc16Table[at]) & 0xffffu;
  }
  return static_cast<std::uint16_t>(crc);
}

// Of a key with a part in braces that is not empty, only that part counts.
constexpr std::uint16_t key_slot(std::string_view key) noexcept {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return static_cast<std::uint16_t>(crc16(key) % kSlotCount);
}

}  // namespace tenon::api_resp
