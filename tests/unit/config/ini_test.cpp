// SPDX-License-Identifier: MIT
#include "support.hpp"

namespace tenon::config {

TEST_CASE("a line that is neither section nor key is refused with file and line") {
  check_refusal(least("nonsense\n"), "a.conf:10: ", "found 'nonsense', expected [section] or key = value");
  check_refusal(least("= 3\n"), "a.conf:10: ", "expected [section] or key = value");
  check_refusal(least("[node\n"), "a.conf:10: ", "expected a section such as [node]");
  check_refusal(least("[]\n"), "a.conf:10: ", "expected a section such as [node]");
}

TEST_CASE("a key before the first section is refused") {
  check_refusal(file("\nid = 1\n"), "a.conf:2: id: ", "in no section");
}

TEST_CASE("a key twice in one section is refused with both lines") {
  check_refusal(least("[node]\nid = 7\n"), "a.conf:11: node.id: ", "set already in line 2");
  check_refusal(least("[api.thrift]\nlisten = a\nlisten = b\n"),
                "a.conf:12: api.thrift.listen: ", "set already in line 11");
}

TEST_CASE("control characters are refused") {
  check_refusal(file(std::string("[node]\nid = 1\0\n", 15)), "a.conf:2: ", "control character");
}

TEST_CASE("comments, blank lines, white space and carriage returns have no meaning") {
  const Config config =
      load(least("\n  # whole line\n; whole line\n\t[limits] # after a section\r\n  scan_records_max\t=  5   # after a "
                 "value\r\n"));
  CHECK(config.limits.scan_records_max == 5);
}

TEST_CASE("a number sign inside a value is part of it") {
  const Config config = load(least("[api.thrift]\nlisten = a#b\n"));
  CHECK(config.plugin_section("api", "thrift").at("listen").value == "a#b");
}

TEST_CASE("the last line needs no end") {
  CHECK(load(least("[logger]\nlevel = error")).logger_levels.general == LoggerLevel::kError);
}

}  // namespace tenon::config
