// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "thrift_wire.hpp"

namespace tenon::transport_thrift {

using namespace transport_test;

TEST_CASE("the reply to a hello has the sequence id of the call") {
  CHECK(decode_hello(encode(hello_from(2, 1))).sequence_id == 77);
  TestNode node(1);
  const RawSocket socket = RawSocket::open(node.port());
  socket.send_message(encode(hello_from(2, 1)));
  const std::string reply = socket.receive().value();
  CHECK(reply.substr(13, 4) == std::string("\0\0\0\x4d", 4));
}

}  // namespace tenon::transport_thrift
