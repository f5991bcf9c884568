// SPDX-License-Identifier: MIT
#include "messages.hpp"
#include "support/catch.hpp"
#include "websocket_wire.hpp"

namespace tenon::transport_websocket {

using namespace transport_test;

TEST_CASE("frames that are queued together share messages of a bounded size, and a large one is alone") {
  const RawListener listener;
  TestNode one(1);
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket socket = listener.accept_lane(Lane::control, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong));
  std::vector<std::string> sent(1000, std::string(300, 'x'));
  sent.insert(sent.begin() + 500, std::string(kGatheredBytesMax + 1, 'y'));
  REQUIRE(one.send(2, Lane::control, sent) == sent.size());
  std::vector<std::string> received;
  int messages = 0;
  while (received.size() < sent.size()) {
    const std::string message = socket.receive().value();
    std::vector<tenon_bytes> frames;
    REQUIRE(append_frames(message, frames));
    CHECK((message.size() <= kGatheredBytesMax || frames.size() == 1));
    for (const tenon_bytes& frame : frames) received.emplace_back(view(frame));
    ++messages;
  }
  CHECK((received == sent));
  CHECK(messages == 5);  // two before the large one, two behind it
}

TEST_CASE("connections beyond their number from one address are closed at once") {
  TestNode one(1, {{"connections_per_address_max", "4"}});
  std::vector<RawSocket> sockets;
  sockets.reserve(5);
  for (int i = 0; i < 5; ++i) sockets.push_back(RawSocket::connect(one.port()));
  CHECK(sockets.back().ended());
  CHECK(one.wait_for_metric("connections_refused_total", 1));
}

}  // namespace tenon::transport_websocket
