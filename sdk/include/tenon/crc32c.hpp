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

// Bytes of each of three runs that crc32c_hardware() goes through side by side.
inline constexpr std::size_t kCrc32cRunBytes = 256;

// What kCrc32cRunBytes zeros make of a remainder, which is the sum of what they make of each of its bytes: the row is
// the place of the byte, the lowest first, and the column its value.
inline constexpr std::array<std::array<std::uint32_t, 256>, 4> kCrc32cAfterRun = [] {
  std::array<std::array<std::uint32_t, 256>, 4> table{};
  for (std::size_t place = 0; place < table.size(); ++place) {
    std::array<std::uint32_t, 8> of_bit{};
    for (std::size_t bit = 0; bit < of_bit.size(); ++bit) {
      std::uint32_t remainder = std::uint32_t{1} << (8 * place + bit);
      for (std::size_t i = 0; i < kCrc32cRunBytes; ++i) {
        remainder = kCrc32cTable[remainder & 0xffu] ^ (remainder >> 8);
      }
      of_bit[bit] = remainder;
    }
    for (std::size_t value = 0; value < 256; ++value) {
      for (std::size_t bit = 0; bit < of_bit.size(); ++bit) {
        if ((value >> bit & 1u) != 0) table[place][value] ^= of_bit[bit];
      }
    }
  }
  return table;
}();

inline std::uint32_t crc32c_after_run(std::uint32_t remainder) noexcept {
  return kCrc32cAfterRun[0][remainder & 0xffu] ^ kCrc32cAfterRun[1][remainder >> 8 & 0xffu] ^
         kCrc32cAfterRun[2][remainder >> 16 & 0xffu] ^ kCrc32cAfterRun[3][remainder >> 24];
}

#if defined(__x86_64__)
inline std::uint64_t crc32c_word(const char* bytes) noexcept {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Needs: the processor has SSE 4.2.
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_hardware(std::string_view data,
                                                                       std::uint32_t crc = 0) noexcept {
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  const char* next = data.data();
  std::size_t left = data.size();
  // The instruction can begin three times before its first result is there.
  for (; left >= 3 * kCrc32cRunBytes; left -= 3 * kCrc32cRunBytes, next += 3 * kCrc32cRunBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t at = 0; at < kCrc32cRunBytes; at += 8) {
      state = __builtin_ia32_crc32di(state, crc32c_word(next + at));
      second = __builtin_ia32_crc32di(second, crc32c_word(next + at + kCrc32cRunBytes));
      third = __builtin_ia32_crc32di(third, crc32c_word(next + at + 2 * kCrc32cRunBytes));
    }
    const std::uint32_t first_two =
        crc32c_after_run(static_cast<std::uint32_t>(state)) ^ static_cast<std::uint32_t>(second);
    state = crc32c_after_run(first_two) ^ third;
  }
  for (; left >= 8; left -= 8, next += 8) state = __builtin_ia32_crc32di(state, crc32c_word(next));
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
