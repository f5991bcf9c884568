// SPDX-License-Identifier: MIT
#include "tenonctl/text.hpp"

#include "support/catch.hpp"

namespace tenon::tenonctl {

TEST_CASE("UTF-8 is told from other bytes") {
  for (const char* const right :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\x7f"}) {
    CHECK(is_utf8(right));
  }
  for (const char* const wrong :
       {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xff", "\xc3(", "a\xe2\x82z"}) {
    CHECK_FALSE(is_utf8(wrong));
  }
}

TEST_CASE("escaped text is one line without control characters") {
  CHECK(escaped("plain \xc3\xa9") == "plain \xc3\xa9");
  CHECK(escaped("a\\b\nc\td\re") == "a\\\\b\\nc\\td\\re");
  CHECK(escaped(std::string("\0\x1b\x7f\xff", 4)) == "\\x00\\x1b\\x7f\\xff");
  CHECK(escaped("\xc2\x9b") == "\\xc2\\x9b");
  CHECK(escaped("\xe2\x82z") == "\\xe2\\x82z");
}

TEST_CASE("a JSON string has its quotes, backslashes and control characters escaped") {
  CHECK(json_string("") == "\"\"");
  CHECK(json_string("a\"b\\c\nd\x01\x7f\xc3\xa9/") == "\"a\\\"b\\\\c\\nd\\u0001\\u007f\xc3\xa9/\"");
}

TEST_CASE("base64 is that of RFC 4648, and reads back") {
  CHECK(to_base64("").empty());
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64("\xfb\xff") == "+/8=");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    CHECK(from_base64(to_base64(all)) == all);
  }
  for (const char* const wrong : {"Zg", "Zg=", "Zh==", "Z", "=", "Zm9v=", "Zm 9v", "Zm9v\n"}) {
    INFO(wrong);
    CHECK_FALSE(from_base64(wrong).has_value());
  }
}

}  // namespace tenon::tenonctl
