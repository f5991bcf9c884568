// SPDX-License-Identifier: MIT
// The messages of messages.hpp on WebSocket sessions.
#pragma once

#include <string>

#include "net/peer/protocol.hpp"
#include "net/websocket_session.hpp"

namespace tenon::transport_websocket {

// The token that the upgrade asks for, so that other WebSockets at the same place are not taken for a node.
inline constexpr const char* kSubprotocol = "tenon-peer";

struct ConnectionSettings {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds ping_interval;
  std::chrono::milliseconds send_timeout;
  std::string path;  // that others ask this node for
};

class WebSocketProtocol final : public net::PeerProtocol {
 public:
  WebSocketProtocol(const ConnectionSettings& settings, const net::Traffic& traffic);

  std::int32_t version() const noexcept override;
  std::uint64_t frame_overhead_bytes() const noexcept override;
  std::string encode(const net::Hello& hello) const override;
  std::string encode(const net::HelloReply& reply, std::int32_t sequence_id) const override;
  net::Hello decode_hello(std::string_view message) const override;
  net::HelloReply decode_hello_reply(std::string_view message) const override;
  bool append_frames(std::string_view message, std::vector<tenon_bytes>& frames) const override;
  std::shared_ptr<net::PeerConnection> dialled(net::PeerConnection::Socket socket, net::Admission::Ticket ticket,
                                               const net::PeerAddress& address, net::FrameHandler& handler) override;
  std::shared_ptr<net::PeerConnection> accepted(net::PeerConnection::Socket socket, net::Admission::Ticket ticket,
                                                net::FrameHandler& handler) override;

 private:
  const std::string path_;
  net::WebSocketEnvironment environment_;
};

}  // namespace tenon::transport_websocket
