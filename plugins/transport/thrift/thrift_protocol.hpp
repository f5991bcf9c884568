// SPDX-License-Identifier: MIT
// peer.thrift on framed connections.
#pragma once

#include <chrono>

#include "net/framed_connection.hpp"
#include "net/peer/protocol.hpp"

namespace tenon::transport_thrift {

class ThriftProtocol final : public net::PeerProtocol {
 public:
  // A connection that was dialled is closed when the peer takes nothing for `send_timeout` while something waits.
  ThriftProtocol(std::chrono::milliseconds send_timeout, const net::Traffic& traffic);

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
  // Nothing here is bounded by the budget: it is by the queue of each lane in the one, and in the other by
  // connections_max hellos and a frame for each lane of each peer.
  net::ConnectionEnvironment outgoing_;
  net::ConnectionEnvironment incoming_;
};

}  // namespace tenon::transport_thrift
