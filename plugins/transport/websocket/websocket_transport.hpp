// SPDX-License-Identifier: MIT
// The transport plugin whose frames are binary WebSocket messages.
#pragma once

#include <string>

#include "net/peer/peer_transport.hpp"

namespace tenon::transport_websocket {

// Reads its options when it is made; the manifest in plugin.cpp declares them and their bounds. Its addresses are
// websocket://host:port and websocket://host:port/path.
class WebSocketTransport final : public net::PeerTransport {
 public:
  explicit WebSocketTransport(Host host);

 private:
  std::unique_ptr<net::PeerProtocol> make_protocol(const net::Traffic& traffic) const override;
  std::vector<net::PeerAddress> parse_peer_addresses(std::string_view text) const override;

  const std::chrono::milliseconds ping_interval_;
  const std::string path_;
};

}  // namespace tenon::transport_websocket
