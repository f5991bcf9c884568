// SPDX-License-Identifier: MIT
#include "glob.hpp"

#include <algorithm>
#include <cstddef>

namespace tenon::api_resp {

namespace {

// The part of a pattern that stands for one byte.
struct One {
  bool holds;
  std::size_t size;  // of the part
};

// `pattern` begins with '['. One without an end goes to the end of the pattern.
One match_set(std::string_view pattern, char letter) noexcept {
  std::size_t at = 1;
  const bool is_negated = at < pattern.size() && pattern[at] == '^';
  if (is_negated) ++at;
  bool is_in = false;
  const auto byte = static_cast<unsigned char>(letter);
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      is_in = is_in || pattern[++at] == letter;
      continue;
    }
    if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto from = static_cast<unsigned char>(pattern[at]);
      const auto to = static_cast<unsigned char>(pattern[at + 2]);
      is_in = is_in || (std::min(from, to) <= byte && byte <= std::max(from, to));
      at += 2;
      continue;
    }
    is_in = is_in || pattern[at] == letter;
  }
  return {is_in != is_negated, std::min(at + 1, pattern.size())};
}

One match_one(std::string_view pattern, char letter) noexcept {
  switch (pattern.front()) {
    case '?':
      return {true, 1};
    case '[':
      return match_set(pattern, letter);
    case '\\':
      if (pattern.size() > 1) return {pattern[1] == letter, 2};
      [[fallthrough]];
    default:
      return {pattern.front() == letter, 1};
  }
}

}  // namespace

// After a mismatch only the last star may take one byte more: what an earlier one took has been enough until there.
bool matches(std::string_view pattern, std::string_view text, std::uint64_t& steps) noexcept {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t behind_star = kNone;
  std::size_t star_end = 0;  // the star has taken text up to here
  while (at < text.size()) {
    ++steps;
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      behind_star = ++in_pattern;
      star_end = at;
      continue;
    }
    if (in_pattern < pattern.size()) {
      const One one = match_one(pattern.substr(in_pattern), text[at]);
      steps += one.size;
      if (one.holds) {
        in_pattern += one.size;
        ++at;
        continue;
      }
    }
    if (behind_star == kNone) return false;
    in_pattern = behind_star;
    at = ++star_end;
  }
  return pattern.find_first_not_of('*', in_pattern) == kNone;
}

}  // namespace tenon::api_resp
