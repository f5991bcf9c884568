// SPDX-License-Identifier: MIT
#include "tenon/crc32c.hpp"

#include <string>

#include "support/catch.hpp"

namespace tenon {

TEST_CASE("crc32c has the values of RFC 3720") {
  std::string ascending(32, '\0');
  std::string descending(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) {
    ascending[i] = static_cast<char>(i);
    descending[i] = static_cast<char>(31 - i);
  }
  for (const auto function : {crc32c_table, crc32c}) {
    CHECK(function(std::string(32, '\0'), 0) == 0x8a9136aau);
    CHECK(function(std::string(32, '\xff'), 0) == 0x62a8ab43u);
    CHECK(function(ascending, 0) == 0x46dd794eu);
    CHECK(function(descending, 0) == 0x113fdb5cu);
    CHECK(function("123456789", 0) == 0xe3069283u);
    CHECK(function("", 0) == 0u);
  }
}

TEST_CASE("crc32c by instruction and by table agree at every size and alignment") {
  if (!crc32c_has_hardware()) {
    WARN("this processor has no instruction for it");
    return;
  }
  std::string data;
  std::uint32_t state = 1;
  while (data.size() < 1900) {
    state = state * 1664525 + 1013904223;
    data.push_back(static_cast<char>(state >> 24));
  }
  for (std::size_t start = 0; start < 16; ++start) {
    for (std::size_t size = 0; size <= 1800; ++size) {
      const std::string_view part = std::string_view(data).substr(start, size);
      if (crc32c_hardware(part, state) != crc32c_table(part, state)) FAIL("start " << start << ", size " << size);
    }
  }
}

TEST_CASE("crc32c of a whole is that of its parts, one continued from the other") {
  const std::string_view whole = "123456789";
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    CHECK(crc32c(whole.substr(cut), crc32c(whole.substr(0, cut))) == 0xe3069283u);
  }
}

}  // namespace tenon
