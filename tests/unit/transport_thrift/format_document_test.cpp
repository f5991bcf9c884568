// SPDX-License-Identifier: MIT
// docs/formats.md shows the messages between nodes byte by byte; this makes the same and compares.
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"
#include "thrift_wire.hpp"

namespace tenon::transport_thrift {

using namespace transport_test;

using support::documented_bytes;
using support::hexadecimal;

TEST_CASE("the examples of docs/formats.md are what nodes say to each other") {
  const Hello hello{.version = kProtocolVersion,
                    .sender = {.cluster = "orders",
                               .node = 1,
                               .incarnation = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
                                               0x1c, 0x1d, 0x1e, 0x1f},
                               .client_addresses = {"thrift://10.0.0.1:7101"}},
                    .to = 2,
                    .lane = TENON_LANE_CONTROL};
  CHECK(hexadecimal(framed(encode(hello))) == hexadecimal(documented_bytes("transport_thrift hello")));
  CHECK(hexadecimal(framed(frame_message("abc"))) == hexadecimal(documented_bytes("transport_thrift frame")));
}

}  // namespace tenon::transport_thrift
