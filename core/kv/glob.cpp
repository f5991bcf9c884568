// SPDX-License-Identifier: MIT
#include "kv/glob.hpp"

namespace tenon::kv {
namespace {

// Takes the next byte, or the one behind a backslash; nullopt: there is none.
std::optional<std::uint8_t> take_literal(std::string_view& rest) noexcept {
  if (!rest.empty() && rest.front() == '\\') rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  const auto byte = static_cast<std::uint8_t>(rest.front());
  rest.remove_prefix(1);
  return byte;
}

}  // namespace

bool Glob::read_class(std::string_view& rest, Bytes& bytes) {
  const bool is_inverted = !rest.empty() && rest.front() == '^';
  if (is_inverted) rest.remove_prefix(1);
  bool is_empty = true;
  while (!rest.empty() && rest.front() != ']') {
    const std::optional<std::uint8_t> first = take_literal(rest);
    if (!first) return false;
    std::optional<std::uint8_t> last = first;
    const bool is_range = rest.size() >= 2 && rest[0] == '-' && rest[1] != ']';
    if (is_range) {
      rest.remove_prefix(1);
      last = take_literal(rest);
      if (!last || *last < *first) return false;
    }
    for (unsigned byte = *first; byte <= *last; ++byte) bytes.add(static_cast<std::uint8_t>(byte));
    is_empty = false;
  }
  if (rest.empty() || is_empty) return false;
  rest.remove_prefix(1);
  if (is_inverted) bytes.invert();
  return true;
}

std::optional<Glob> Glob::parse(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kPatternBytesMax) return std::nullopt;
  Glob glob;
  bool is_literal = true;
  while (!pattern.empty()) {
    Part part;
    const char next = pattern.front();
    if (next == '*' || next == '?' || next == '[') {
      is_literal = false;
      pattern.remove_prefix(1);
      if (next == '*') part.any_bytes = true;
      if (next == '?') part.bytes.invert();
      if (next == '[' && !read_class(pattern, part.bytes)) return std::nullopt;
      if (part.any_bytes && !glob.parts_.empty() && glob.parts_.back().any_bytes) continue;
    } else {
      const std::optional<std::uint8_t> byte = take_literal(pattern);
      if (!byte) return std::nullopt;
      part.bytes.add(*byte);
      if (is_literal) glob.literal_prefix_.push_back(static_cast<char>(*byte));
    }
    glob.parts_.push_back(part);
  }
  return glob;
}

// A star that is followed by another need never take more than it had to when that was reached, so only the last star
// is gone back to.
std::optional<bool> Glob::matches(std::string_view key, std::size_t& steps_left) const noexcept {
  std::size_t part = 0;
  std::size_t at = 0;
  std::size_t star = parts_.size();  // the last star that was passed; parts_.size(): none yet
  std::size_t star_end = 0;          // where in the key what that star took ends
  for (;;) {
    if (steps_left == 0) return std::nullopt;
    --steps_left;
    if (part < parts_.size() && parts_[part].any_bytes) {
      if (part + 1 == parts_.size()) return true;
      star = part++;
      star_end = at;
    } else if (part < parts_.size() && at < key.size() && parts_[part].bytes.has(key[at])) {
      ++part;
      ++at;
    } else if (part == parts_.size() && at == key.size()) {
      return true;
    } else if (star == parts_.size() || at == key.size()) {
      return false;
    } else {
      part = star + 1;
      at = ++star_end;
    }
  }
}

}  // namespace tenon::kv
