// SPDX-License-Identifier: MIT
// Words of requests: in any case of letters, and as they may stand in an error.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace tenon::api_resp {

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
constexpr char upper(char letter) noexcept {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

// Whether `word` is `expected`, which is in lower case, in any case of its own letters.
constexpr bool equals(std::string_view word, std::string_view expected) noexcept {
  return word.size() == expected.size() && std::equal(word.begin(), word.end(), expected.begin(),
                                                      [](char left, char right) { return lower(left) == right; });
}

inline std::string lower(std::string_view word) {
  std::string made(word);
  std::transform(made.begin(), made.end(), made.begin(), [](char letter) { return lower(letter); });
  return made;
}
inline std::string upper(std::string_view word) {
  std::string made(word);
  std::transform(made.begin(), made.end(), made.begin(), [](char letter) { return upper(letter); });
  return made;
}

// What Redis says of a command that it does not have, with at most 128 bytes of its name and of its arguments.
inline std::string unknown_command_text(std::span<const std::string_view> words) {
  constexpr std::size_t kShownMax = 128;
  std::string arguments;
  for (const std::string_view word : words.subspan(1)) {
    if (arguments.size() >= kShownMax) break;
    arguments += "'" + std::string(word.substr(0, kShownMax - arguments.size())) + "' ";
  }
  return "ERR unknown command '" + std::string(words[0].substr(0, kShownMax)) +
         "', with args beginning with: " + arguments;
}

}  // namespace tenon::api_resp
