// SPDX-License-Identifier: MIT
// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78, RFC 3720 appendix B.4), by the processor's instruction where it
// has one and by a table elsewhere. Both give the same value; 0 is the value of no bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {

inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = remainder;
  }
  return table;
}();

// Both continue from `crc`, the checksum of the bytes before: crc32c(b, crc32c(a)) is the checksum of a followed by
// b.
inline std::uint32_t crc32c_table(std::string_view data, std::uint32_t crc = 0) noexcept {
  crc = ~crc;
  for (const char byte : data) crc = kCrc32cTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xffu] ^ (crc >> 8);
  return ~crc;
}

#if defined(__x86_64__)
// Needs: the processor has SSE 4.2.
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_hardware(std::string_view data,
                                                                       std::uint32_t crc = 0) noexcept {
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  const char* next = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, next += 8) {
    std::uint64_t word;
    std::memcpy(&word, next, sizeof word);
    state = __builtin_ia32_crc32di(state, word);
  }
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; --left, ++next) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*next));
  return ~narrow;
}
inline bool crc32c_has_hardware() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
#else
inline std::uint32_t crc32c_hardware(std::string_view data, std::uint32_t crc = 0) noexcept {
  return crc32c_table(data, crc);
}
inline bool crc32c_has_hardware() noexcept { return false; }
#endif

// The checksum of `data`, continued from `crc`. Any thread.
inline std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0) noexcept {
  return crc32c_has_hardware() ? crc32c_hardware(data, crc) : crc32c_table(data, crc);
}

}  // namespace sdk_1
}  // namespace tenon
