// SPDX-License-Identifier: MIT
#include "tenon/option.hpp"

#include "support/catch.hpp"

namespace tenon {

using std::chrono::microseconds;

TEST_CASE("an integer is an optional minus and digits within 64 bits") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-42") == -42);
  CHECK(parse_integer("007") == 7);
  CHECK(parse_integer("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_integer("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "0x10", "1k", "9223372036854775808", "--1"}) {
    INFO(text);
    CHECK_FALSE(parse_integer(text).has_value());
  }
}

TEST_CASE("a size is digits and a binary unit") {
  CHECK(parse_size("0") == 0u);
  CHECK(parse_size("100") == 100u);
  CHECK(parse_size("100B") == 100u);
  CHECK(parse_size("64KiB") == 65536u);
  CHECK(parse_size("3MiB") == 3u << 20);
  CHECK(parse_size("2GiB") == std::uint64_t{2} << 30);
  CHECK(parse_size("8589934591GiB") == std::uint64_t{8589934591} << 30);
  for (const char* text : {"", "KiB", "-1", "1 KiB", "1KB", "1kib", "1.5MiB", "8589934592GiB", "9223372036854775808",
                           "18446744073709551616", "1KiB "}) {
    INFO(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("a duration is digits and a unit") {
  CHECK(parse_duration("0us") == microseconds(0));
  CHECK(parse_duration("7us") == microseconds(7));
  CHECK(parse_duration("50ms") == microseconds(50000));
  CHECK(parse_duration("5s") == microseconds(5000000));
  CHECK(parse_duration("2m") == microseconds(120000000));
  CHECK(parse_duration("1h") == microseconds(3600000000));
  for (const char* text : {"", "5", "s", "-5s", "5 s", "5S", "1.5s", "2562047789h", "1h30m"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a boolean is yes or no") {
  CHECK(parse_boolean("yes") == true);
  CHECK(parse_boolean("no") == false);
  for (const char* text : {"", "true", "1", "Yes", "no "}) CHECK_FALSE(parse_boolean(text).has_value());
}

}  // namespace tenon
