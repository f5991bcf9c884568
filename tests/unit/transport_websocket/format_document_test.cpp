// SPDX-License-Identifier: MIT
// docs/formats.md shows the messages between nodes byte by byte; this makes the same and compares.
#include "support/catch.hpp"
#include "support/documented_bytes.hpp"
#include "websocket_wire.hpp"

namespace tenon::transport_websocket {

using namespace transport_test;

using support::documented_bytes;
using support::hexadecimal;

TEST_CASE("the examples of docs/formats.md are what nodes say to each other") {
  Hello hello{.version = 1,
              .sender = {.cluster = "orders",
                         .node = 1,
                         .incarnation = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c,
                                         0x1d, 0x1e, 0x1f},
                         .client_addresses = {"thrift://10.0.0.1:7101"}},
              .to = 2,
              .lane = TENON_LANE_CONTROL};
  CHECK(hexadecimal(protocol().encode(hello)) == hexadecimal(documented_bytes("transport_websocket hello")));
  hello.sender.node = 2;
  hello.sender.client_addresses.clear();
  const HelloReply reply{.version = 1, .sender = hello.sender, .refusal = 6, .reason = "there is no lane 2"};
  CHECK(hexadecimal(protocol().encode(reply, 0)) == hexadecimal(documented_bytes("transport_websocket reply")));
  const std::string frames = frame_message("abc") + frame_message("de");
  CHECK(hexadecimal(frames) == hexadecimal(documented_bytes("transport_websocket frames")));
}

}  // namespace tenon::transport_websocket
