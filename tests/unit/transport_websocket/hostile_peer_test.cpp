// SPDX-License-Identifier: MIT
// What comes from outside and is no node.
#include "support/catch.hpp"
#include "websocket_wire.hpp"

namespace tenon::transport_websocket {

using namespace transport_test;

namespace {

constexpr const char* kMalformed = "hellos_refused_total{reason=\"malformed\"}";
constexpr const char* kTooLarge = "hellos_refused_total{reason=\"too_large\"}";

// The HTTP status that answers these bytes; 0 when the connection ended without an answer.
int status_of(const TestNode& node, const std::string& bytes) {
  const RawSocket socket = RawSocket::connect(node.port());
  socket.send(bytes);
  const std::string header = receive_header(socket);
  CHECK((header.starts_with("HTTP/1.1 101") || socket.ended()));
  return header.size() < 12 ? 0 : std::stoi(header.substr(9, 3));
}

// The code with which the node says good-bye after these bytes, on a connection that carries messages.
int status_code_after(const TestNode& node, const std::string& bytes) {
  const RawSocket socket = RawSocket::open(node.port());
  socket.send(bytes);
  const std::optional<WebSocketFrame> answer = receive_frame(socket);
  REQUIRE(answer.has_value());
  CHECK(answer->opcode == Opcode::kClose);
  REQUIRE(answer->payload.size() >= 2);
  return static_cast<unsigned char>(answer->payload[0]) << 8 | static_cast<unsigned char>(answer->payload[1]);
}

}  // namespace

TEST_CASE("a request that is not a node's is answered by an HTTP error, logged and counted") {
  TestNode node(1, {{"path", "/peers"}});
  CHECK(status_of(node, upgrade_request("/peers")) == 101);
  CHECK(status_of(node, upgrade_request("/")) == 404);
  CHECK(status_of(node, upgrade_request("/peers/1")) == 404);
  CHECK(status_of(node, upgrade_request("/peers", "")) == 400);
  CHECK(status_of(node, upgrade_request("/peers", "Sec-WebSocket-Protocol: chat\r\n")) == 400);
  CHECK(status_of(node, "GET /peers HTTP/1.1\r\nHost: here\r\n\r\n") == 426);
  CHECK(status_of(node, "POST /peers HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc") == 426);
  CHECK(node.wait_for_metric(kMalformed, 6));
  CHECK(node.host().logged("the path is not /peers"));
}

TEST_CASE("a page of a browser is refused, whatever it asks for") {
  TestNode node(1);
  const std::string fields = "Sec-WebSocket-Protocol: tenon-peer\r\nOrigin: http://127.0.0.1\r\n";
  CHECK(status_of(node, upgrade_request("/", fields)) == 403);
  CHECK(node.wait_for_metric(kMalformed, 1));
  CHECK(eventually([&] { return node.host().logged("the request comes from a page of a browser"); }));
}

TEST_CASE("what is no HTTP is closed, and so is a header without an end") {
  TestNode node(1);
  CHECK(status_of(node, std::string(200, '\0')) == 0);
  CHECK(node.wait_for_metric(kMalformed, 1));
  CHECK(status_of(node, "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')) == 0);
  CHECK(node.wait_for_metric(kTooLarge, 1));
}

TEST_CASE("an upgrade that comes byte by byte and never ends is cut off in time") {
  TestNode node(1, {{"connect_timeout", "200ms"}});
  const RawSocket socket = RawSocket::connect(node.port());
  const std::string request = upgrade_request("/");
  CHECK(eventually([&, at = std::size_t{0}]() mutable {
    socket.send(request.substr(at, 1));
    at = (at + 1) % (request.size() / 2);
    return node.metric("hellos_refused_total{reason=\"timeout\"}") == 1;
  }));
  CHECK(socket.ended());
}

TEST_CASE("text, unmasked frames, reserved bits and unknown opcodes close the connection with a status code") {
  const std::pair<std::string, int> cases[] = {
      {websocket_frame(RawSocket::Side::kDialled, Opcode::kText, "hello"), 1002},
      {websocket_frame(RawSocket::Side::kAccepted, Opcode::kBinary, "hello"), 1002},
      {"\xf2\x80\x01\x02\x03\x04", 1002},
      {"\x83\x80\x01\x02\x03\x04", 1002},
      {websocket_frame(RawSocket::Side::kDialled, Opcode::kPing, std::string(126, 'x')), 1002},
  };
  TestNode node(1);
  double refused = 0;
  for (const auto& [bytes, code] : cases) {
    INFO(refused);
    CHECK(status_code_after(node, bytes) == code);
    CHECK(node.wait_for_metric(kMalformed, ++refused));
  }
}

TEST_CASE("a message that is above the limit is not waited for") {
  TestNode node(1);
  const std::string claim("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14);
  CHECK(status_code_after(node, claim) == 1009);
  CHECK(node.wait_for_metric(kTooLarge, 1));
}

TEST_CASE("an answer that is no upgrade is logged with its status, and the address is tried again") {
  const RawListener listener;
  TestNode one(1);
  REQUIRE(one.set_peer(2, {listener.url() + "/elsewhere"}) == TENON_OK);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const RawSocket socket = listener.accept_silently();
    CHECK(receive_header(socket).starts_with("GET /elsewhere HTTP/1.1\r\n"));
    socket.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    CHECK(socket.ended());
  }
  CHECK(one.wait_for_metric("dials_failed_total{reason=\"refused\"}", 3));
  CHECK(one.host().logged("HTTP 502 Bad Gateway"));
}

TEST_CASE("an address with a path that is none is invalid") {
  TestNode one(1);
  CHECK(one.set_peer(2, {"websocket://127.0.0.1:1/a b"}) == TENON_ERROR_INVALID);
  CHECK(one.set_peer(2, {"websocket://127.0.0.1:1/a#b"}) == TENON_ERROR_INVALID);
  CHECK(one.set_peer(2, {"websocket://127.0.0.1/path"}) == TENON_ERROR_INVALID);
  CHECK(one.set_peer(2, {"websocket://127.0.0.1:1/a/b?c=%20"}) == TENON_OK);
  CHECK_THROWS(TestNode(1, {{"path", "peers"}}));
}

}  // namespace tenon::transport_websocket
