// SPDX-License-Identifier: MIT
// Peers that are connected and say nothing, or nothing any more.
#include "support/catch.hpp"
#include "websocket_wire.hpp"

namespace tenon::transport_websocket {

using namespace transport_test;

namespace {

const TestNode::Options kImpatient = {{"ping_interval", "20ms"}, {"send_timeout", "200ms"}};

}  // namespace

TEST_CASE("a peer that answers pings stays up, and one that ceases to is dropped and dialled again") {
  const RawListener listener;
  TestNode one(1, kImpatient);
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket socket = listener.accept_lane(Lane::control, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong));
  const auto began = std::chrono::steady_clock::now();
  int pings = 0;
  while (std::chrono::steady_clock::now() - began < std::chrono::milliseconds(600)) {
    const std::optional<WebSocketFrame> frame = receive_frame(socket);
    REQUIRE(frame.has_value());
    CHECK(frame->opcode == Opcode::kPing);
    socket.send(websocket_frame(socket.side(), Opcode::kPong, frame->payload));
    ++pings;
  }
  CHECK(pings > 2);
  CHECK(one.node().is_up(2, Lane::control));
  CHECK(one.node().wait_for_event({2, Lane::control, TENON_EVENT_DOWN}, kLong));
  CHECK(eventually([&] { return one.host().logged("the peer answered no ping"); }));
  const RawSocket again = listener.accept_lane(Lane::control, 2);
  CHECK(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong, 2));
}

TEST_CASE("frames that the operating system takes do not make up for a ping without an answer") {
  const RawListener listener;
  TestNode one(1, kImpatient);
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket half_open = listener.accept_lane(Lane::control, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::control, TENON_EVENT_UP}, kLong));
  CHECK(eventually([&] {
    one.send(2, Lane::control, {"heartbeat"});
    return one.metric("lanes_down_total") == 1;
  }));
}

TEST_CASE("a node that was dialled pings as well, and closes what does not answer") {
  TestNode one(1, kImpatient);
  REQUIRE(one.set_peer(2, {url_of(1)}) == TENON_OK);
  REQUIRE(one.wait_for_metric("dials_total", 2));
  const RawSocket socket = RawSocket::open(one.port());
  socket.send_message(protocol().encode(hello_from(2, 1)));
  REQUIRE(socket.receive().has_value());
  const std::optional<WebSocketFrame> ping = receive_frame(socket);
  REQUIRE(ping.has_value());
  CHECK(ping->opcode == Opcode::kPing);
  CHECK_FALSE(receive_frame(socket).has_value());
  CHECK(one.wait_for_metric("connections_closed_total{reason=\"idle\"}", 1));
}

TEST_CASE("a ping of the peer is answered, also while frames come") {
  TestNode one(1);
  REQUIRE(one.set_peer(2, {url_of(1)}) == TENON_OK);
  REQUIRE(one.wait_for_metric("dials_total", 2));
  const RawSocket socket = RawSocket::open(one.port());
  socket.send_message(protocol().encode(hello_from(2, 1)));
  REQUIRE(socket.receive().has_value());
  socket.send_message(frame_message("before") + frame_message("too"));
  socket.send(websocket_frame(socket.side(), Opcode::kPing, "there?"));
  socket.send_message(frame_message("after"));
  const std::optional<WebSocketFrame> pong = receive_frame(socket);
  REQUIRE(pong.has_value());
  CHECK(pong->opcode == Opcode::kPong);
  CHECK(pong->payload == "there?");
  REQUIRE(one.node().wait_for_frames(3, kLong));
  CHECK(one.frames(2, Lane::control) == std::vector<std::string>{"before", "too", "after"});
  CHECK(one.metric("frames_received_total") == 4);
}

TEST_CASE("a peer that takes a large frame slowly is not taken for one that is gone") {
  const RawListener listener;
  TestNode one(1, {{"ping_interval", "200ms"}, {"send_timeout", "500ms"}});
  REQUIRE(one.set_peer(2, {listener.url()}) == TENON_OK);
  const RawSocket socket = listener.accept_lane(Lane::bulk, 2);
  REQUIRE(one.node().wait_for_event({2, Lane::bulk, TENON_EVENT_UP}, kLong));
  REQUIRE(one.send(2, Lane::bulk, {std::string(TENON_FRAME_BYTES_MAX, 'x')}) == 1);
  // The frame takes much longer than send_timeout, but moves on, and the ping that is due meanwhile stands behind it.
  std::string room(std::size_t{128} * 1024, '\0');
  for (std::size_t taken = 0; taken < TENON_FRAME_BYTES_MAX / 3; taken += room.size()) {
    REQUIRE(socket.receive_bytes(room.data(), room.size()));
    ::usleep(35'000);
  }
  CHECK(one.loans_out() == 1);
  CHECK(one.metric("lanes_down_total") == 0);
}

}  // namespace tenon::transport_websocket
