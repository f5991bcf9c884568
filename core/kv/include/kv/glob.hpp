// SPDX-License-Identifier: MIT
// A pattern of keys, as shells and Redis know it, over bytes: `*` is any bytes, `?` is one, `[ab]` and `[a-z]` are one
// of those, `[^ab]` is one that is none of those, and a backslash takes what is special from the byte behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::kv {

inline constexpr std::size_t kPatternBytesMax = 256;
// Steps that the patterns of one command may take. One pattern on one key takes at most kPatternBytesMax for each byte
// of the key, so a command with one pattern can always look at one key.
inline constexpr std::size_t kMatchStepsMax = 32u << 20;

class Glob {
 public:
  // nullopt: the pattern is empty or longer than kPatternBytesMax, a `[` is not closed, has nothing within or a range
  // that runs backwards, or nothing follows a backslash.
  static std::optional<Glob> parse(std::string_view pattern);

  // What every key that matches begins with.
  const std::string& literal_prefix() const noexcept { return literal_prefix_; }
  // Whether the whole key matches; takes from `steps_left` what that cost. nullopt: that was not enough to tell.
  std::optional<bool> matches(std::string_view key, std::size_t& steps_left) const noexcept;

 private:
  // The bytes that may stand at a place.
  class Bytes {
   public:
    void add(std::uint8_t byte) noexcept { bits_[byte / 64] |= std::uint64_t{1} << byte % 64; }
    void invert() noexcept {
      for (std::uint64_t& bits : bits_) bits = ~bits;
    }
    bool has(char byte) const noexcept {
      const auto value = static_cast<std::uint8_t>(byte);
      return (bits_[value / 64] >> value % 64 & 1) != 0;
    }

   private:
    std::array<std::uint64_t, 4> bits_{};
  };
  struct Part {
    bool any_bytes = false;  // a star; else one byte of these
    Bytes bytes;
  };

  // Reads what stands behind a `[`, up to its `]`; false: it is malformed.
  static bool read_class(std::string_view& rest, Bytes& bytes);

  std::vector<Part> parts_;     // <= kPatternBytesMax; no two stars side by side
  std::string literal_prefix_;  // of the bytes before the first part that allows a choice
};

}  // namespace tenon::kv
