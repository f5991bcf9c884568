// SPDX-License-Identifier: MIT
#include "tenonctl/text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/check.hpp"

namespace tenon::tenonctl {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

struct Character {
  std::size_t size = 0;  // 0: no well-formed character begins here
  std::uint32_t code = 0;
};

Character character_at(std::string_view bytes, std::size_t at) {
  const unsigned first = byte_at(bytes, at);
  if (first < 0x80) return {1, first};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() - at < size) return {};
  std::uint32_t code = first & (0xffu >> (size + 1));
  for (std::size_t next = at + 1; next < at + size; ++next) {
    if ((byte_at(bytes, next) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte_at(bytes, next) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[size] || is_surrogate || code > 0x10ffff) return {};
  return {size, code};
}

void append_hex(std::string& text, unsigned byte) {
  text += kHexDigits[byte >> 4];
  text += kHexDigits[byte & 15];
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = character_at(bytes, at).size;
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_at(bytes, at);
    const bool is_control = character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (bytes[at] == '\\') {
      text += "\\\\";
    } else if (bytes[at] == '\n') {
      text += "\\n";
    } else if (bytes[at] == '\t') {
      text += "\\t";
    } else if (bytes[at] == '\r') {
      text += "\\r";
    } else if (character.size != 0 && !is_control) {
      text += bytes.substr(at, size);
    } else {
      for (std::size_t byte = at; byte < at + size; ++byte) {
        text += "\\x";
        append_hex(text, byte_at(bytes, byte));
      }
    }
    at += size;
  }
  return text;
}

std::string json_string(std::string_view text) {
  TENON_CHECK(is_utf8(text));
  std::string made = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      made += '\\';
      made += letter;
    } else if (letter == '\n') {
      made += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      made += "\\u00";
      append_hex(made, byte);
    } else {
      made += letter;
    }
  }
  return made + "\"";
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t next = at; next < at + 3; ++next)
      group = group << 8 | (next < bytes.size() ? byte_at(bytes, next) : 0);
    for (std::size_t digit = 0; digit < 4; ++digit) {
      const bool is_there = at + digit <= bytes.size();
      text += is_there ? kBase64Digits[group >> (18 - 6 * digit) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  unsigned bits = 0;
  std::string_view digits = text;
  while (digits.ends_with('=')) digits.remove_suffix(1);
  for (const char digit : digits) {
    const std::size_t value = kBase64Digits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    group = (group << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xff);
    }
  }
  // Padding and unused bits have one right form only; making the text again shows whether this is it.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace tenon::tenonctl
