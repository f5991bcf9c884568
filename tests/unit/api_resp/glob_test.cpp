// SPDX-License-Identifier: MIT
#include "glob.hpp"

#include <string>

#include "support/catch.hpp"

namespace tenon::api_resp {

TEST_CASE("patterns match what they match in Redis") {
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("*", ""));
  CHECK(matches("a*c", "abbbc"));
  CHECK(matches("a**c*", "ac"));
  CHECK_FALSE(matches("a*c", "abcd"));
  CHECK(matches("h?llo", "hello"));
  CHECK_FALSE(matches("h?llo", "hllo"));
  CHECK(matches("h[ae]llo", "hallo"));
  CHECK_FALSE(matches("h[ae]llo", "hillo"));
  CHECK(matches("h[^e]llo", "hallo"));
  CHECK_FALSE(matches("h[^e]llo", "hello"));
  CHECK(matches("h[a-c]llo", "hbllo"));
  CHECK(matches("h[c-a]llo", "hbllo"));
  CHECK(matches("h[\\]]llo", "h]llo"));
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "a"));
  CHECK(matches("[ab", "b"));
  CHECK(matches("a\\", "a\\"));
}

TEST_CASE("a pattern costs no more than the product of the sizes, which is counted") {
  std::string stars;
  for (int i = 0; i < 500; ++i) stars += "a*";
  for (const std::string& pattern :
       {stars + "b", "*" + std::string(500, 'a') + "b", "*[" + std::string(500, 'b') + "]"}) {
    const std::string text(5000, 'a');
    std::uint64_t steps = 0;
    CHECK_FALSE(matches(pattern, text, steps));
    CHECK(steps >= text.size());
    CHECK(steps <= 2 * (pattern.size() + 1) * text.size());
  }
  std::uint64_t steps = 0;
  CHECK_FALSE(matches("*" + std::string(500, 'a') + "b", std::string(5000, 'a'), steps));
  CHECK(steps > 500 * 4000);
}

}  // namespace tenon::api_resp
