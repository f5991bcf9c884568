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

TEST_CASE("a pattern of many stars costs no more than the product of the sizes") {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  CHECK_FALSE(matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace tenon::api_resp
