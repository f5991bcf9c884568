// SPDX-License-Identifier: MIT
#include "net/address.hpp"

#include "support/catch.hpp"

using tenon::net::Address;
using tenon::net::parse_addresses;

TEST_CASE("addresses are a list of host and port, with IPv6 in brackets") {
  const std::vector<Address> found = parse_addresses("127.0.0.1:7101, [::1]:0,localhost:65535");
  REQUIRE(found.size() == 3);
  CHECK(found[0].host == "127.0.0.1");
  CHECK(found[0].port == "7101");
  CHECK(found[1].host == "::1");
  CHECK(found[1].port == "0");
  CHECK(found[2].host == "localhost");
  CHECK(found[2].port == "65535");
}

TEST_CASE("an address that is not host and port is refused with the reason") {
  const auto refused = [](const char* text, const char* why) {
    CAPTURE(text);
    CHECK_THROWS_WITH(parse_addresses(text), Catch::Contains(why));
  };
  refused("", "there is no port");
  refused("localhost", "there is no port");
  refused("localhost:1,", "there is no port");
  refused(":7101", "there is no host");
  refused("::1:7101", "an IPv6 host stands in brackets");
  refused("[::1:7101", "an IPv6 host stands in brackets");
  refused("localhost:", "the port is not a number");
  refused("localhost:65536", "the port is not a number");
  refused("localhost:-1", "the port is not a number");
  refused("localhost:http", "the port is not a number");
}
