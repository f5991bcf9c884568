// SPDX-License-Identifier: MIT
// WebSocket as the tests of the transport speak it, byte for byte and without a library.
#pragma once

#include <string>
#include <string_view>

#include "test_node.hpp"

namespace tenon::transport_websocket {

enum class Opcode : unsigned char { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// One unfragmented frame; masked when the side that sends it has dialled.
std::string websocket_frame(transport_test::RawSocket::Side side, Opcode opcode, std::string_view payload);

struct WebSocketFrame {
  Opcode opcode;
  std::string payload;
};
// The next frame, whatever it is; nullopt when the connection ended.
std::optional<WebSocketFrame> receive_frame(const transport_test::RawSocket& socket);

// A request for an upgrade, with more header lines, each ended by CR LF.
std::string upgrade_request(std::string_view path, std::string_view more = "Sec-WebSocket-Protocol: tenon-peer\r\n");
// What comes up to and with the empty line that ends a header; what came before the connection ended.
std::string receive_header(const transport_test::RawSocket& socket);

}  // namespace tenon::transport_websocket
