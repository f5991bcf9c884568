// SPDX-License-Identifier: MIT
#include "websocket_wire.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include "messages.hpp"
#include "websocket_protocol.hpp"

extern "C" const tenon_plugin tenon_static_plugin_transport_websocket;

namespace tenon {

namespace transport_websocket {

using transport_test::RawSocket;

namespace {

constexpr std::string_view kMask = "\x12\x34\x56\x78";

// The value of Sec-WebSocket-Accept for the key in a request.
std::string accept_of(const std::string& request) {
  constexpr std::string_view field = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(field) + field.size();
  const std::string proof = request.substr(at, request.find('\r', at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash{};
  SHA1(reinterpret_cast<const unsigned char*>(proof.data()), proof.size(), hash.data());
  std::array<unsigned char, 32> text{};
  const int size = EVP_EncodeBlock(text.data(), hash.data(), static_cast<int>(hash.size()));
  return {text.begin(), text.begin() + size};
}

}  // namespace

std::string websocket_frame(RawSocket::Side side, Opcode opcode, std::string_view payload) {
  const bool masked = side == RawSocket::Side::kDialled;
  std::string frame(1, static_cast<char>(0x80 | static_cast<unsigned>(opcode)));
  const unsigned mask_bit = masked ? 0x80 : 0;
  unsigned size_bytes = 0;
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(mask_bit | payload.size()));
  } else {
    size_bytes = payload.size() < 65536 ? 2 : 8;
    frame.push_back(static_cast<char>(mask_bit | (size_bytes == 2 ? 126u : 127u)));
  }
  for (unsigned i = size_bytes; i-- > 0;) frame.push_back(static_cast<char>(payload.size() >> (8 * i) & 0xff));
  if (!masked) return frame.append(payload);
  frame.append(kMask);
  for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ kMask[i % 4]));
  return frame;
}

std::optional<WebSocketFrame> receive_frame(const RawSocket& socket) {
  std::array<char, 2> head{};
  if (!socket.receive_bytes(head.data(), head.size())) return std::nullopt;
  const bool masked = (head[1] & 0x80) != 0;
  if (masked != (socket.side() == RawSocket::Side::kAccepted)) throw std::runtime_error("masked by the wrong side");
  std::size_t size = static_cast<unsigned char>(head[1]) & 0x7f;
  if (size >= 126) {
    std::array<char, 8> wide{};
    const std::size_t size_bytes = size == 126 ? 2 : 8;
    if (!socket.receive_bytes(wide.data(), size_bytes)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < size_bytes; ++i) size = size << 8 | static_cast<unsigned char>(wide[i]);
  }
  std::array<char, 4> mask{};
  if (masked && !socket.receive_bytes(mask.data(), mask.size())) return std::nullopt;
  WebSocketFrame frame{static_cast<Opcode>(head[0] & 0x0f), std::string(size, '\0')};
  if (!socket.receive_bytes(frame.payload.data(), size)) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i) frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  return frame;
}

std::string upgrade_request(std::string_view path, std::string_view more) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(more) + "\r\n";
}

std::string receive_header(const RawSocket& socket) {
  std::string header;
  char byte;
  while (!header.ends_with("\r\n\r\n") && socket.receive_bytes(&byte, 1)) header.push_back(byte);
  return header;
}

}  // namespace transport_websocket

namespace transport_test {

using transport_websocket::Opcode;

const tenon_plugin& plugin_under_test() { return tenon_static_plugin_transport_websocket; }

std::string_view scheme() { return "websocket"; }

net::PeerProtocol& protocol() {
  static transport_websocket::WebSocketProtocol protocol({kLong, kLong, kLong, "/"}, {});
  return protocol;
}

std::map<std::string, std::string> options_of_transport() {
  return {{"path", "/"}, {"connections_per_address_max", "50"}, {"ping_interval", "5s"}};
}

std::string frame_message(std::string_view data) {
  const transport_websocket::FrameHead head = transport_websocket::frame_head(data.size());
  return std::string(head.data(), head.size()).append(data);
}

void RawSocket::begin(const RawSocket& socket) {
  if (socket.side() == Side::kDialled) {
    socket.send(transport_websocket::upgrade_request("/"));
    transport_websocket::receive_header(socket);
    return;
  }
  const std::string request = transport_websocket::receive_header(socket);
  socket.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Protocol: tenon-peer\r\nSec-WebSocket-Accept: " +
      transport_websocket::accept_of(request) + "\r\n\r\n");
}

std::string RawSocket::message_bytes(Side side, std::string_view payload) {
  return websocket_frame(side, Opcode::kBinary, payload);
}

std::optional<std::string> RawSocket::receive() const {
  while (true) {
    const auto frame = transport_websocket::receive_frame(*this);
    if (!frame) return std::nullopt;
    if (frame->opcode == Opcode::kClose) send(websocket_frame(side_, Opcode::kClose, frame->payload));
    if (frame->opcode == Opcode::kClose) return std::nullopt;
    if (frame->opcode == Opcode::kBinary) return frame->payload;
    if (frame->opcode == Opcode::kPing) send(websocket_frame(side_, Opcode::kPong, frame->payload));
  }
}

}  // namespace transport_test
}  // namespace tenon
