// SPDX-License-Identifier: MIT
#include "thrift_wire.hpp"

#include "frame_call.hpp"
#include "thrift_protocol.hpp"

extern "C" const tenon_plugin tenon_static_plugin_transport_thrift;

namespace tenon {

std::string transport_thrift::framed(std::string_view payload) {
  std::string made;
  for (const unsigned shift : {24u, 16u, 8u, 0u}) made.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  return made.append(payload);
}

namespace transport_test {

const tenon_plugin& plugin_under_test() { return tenon_static_plugin_transport_thrift; }

std::string_view scheme() { return "thrift"; }

net::PeerProtocol& protocol() {
  static transport_thrift::ThriftProtocol protocol(kLong, {});
  return protocol;
}

std::map<std::string, std::string> options_of_transport() { return {}; }

std::string frame_message(std::string_view data) {
  const transport_thrift::FrameHead head = transport_thrift::frame_head(data.size());
  return std::string(head.data(), head.size()).append(data).append(transport_thrift::kFrameTail);
}

void RawSocket::begin(const RawSocket& /*socket*/) {}

std::string RawSocket::message_bytes(Side /*side*/, std::string_view payload) {
  return transport_thrift::framed(payload);
}

std::optional<std::string> RawSocket::receive() const {
  unsigned char length[4];
  if (!receive_bytes(reinterpret_cast<char*>(length), sizeof length)) return std::nullopt;
  std::size_t size = 0;
  for (const unsigned char byte : length) size = size << 8 | byte;
  std::string payload(size, '\0');
  if (!receive_bytes(payload.data(), size)) return std::nullopt;
  return payload;
}

}  // namespace transport_test
}  // namespace tenon
