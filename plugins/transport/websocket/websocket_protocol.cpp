// SPDX-License-Identifier: MIT
#include "websocket_protocol.hpp"

#include <limits>
#include <utility>

#include "messages.hpp"

namespace tenon::transport_websocket {

namespace {

// What waits is bounded by the queue of each lane, and on connections that others dialled it is one reply.
constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

class WebSocketConnection final : public net::PeerConnection {
 public:
  WebSocketConnection(std::shared_ptr<net::WebSocketSession> session, const net::Traffic& traffic)
      : session_(std::move(session)), traffic_(traffic) {}

  void start() override { session_->start(); }
  void expect_frames() override { session_->limit_messages(kMessageBytesMax); }
  void send_message(std::string_view message) override {
    session_->send(message);
    traffic_.frames_sent.record(1);
  }
  void send_frame(Frame frame) override {
    const FrameHead head = frame_head(size_of(frame.parts()));
    session_->send_part(std::string_view(head.data(), head.size()), std::move(frame));
    traffic_.frames_sent.record(1);
  }
  void flush() override { session_->flush(); }
  void close(net::CloseReason reason, std::string_view detail) override { session_->close(reason, detail); }
  std::uint64_t output_bytes() const noexcept override { return session_->output_bytes(); }
  const std::string& peer() const noexcept override { return session_->peer(); }

 private:
  const std::shared_ptr<net::WebSocketSession> session_;
  const net::Traffic& traffic_;
};

std::string host_of(const net::Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + address.port;
}

}  // namespace

WebSocketProtocol::WebSocketProtocol(const ConnectionSettings& settings, const net::Traffic& traffic)
    : path_(settings.path),
      environment_{.limits = {.message_bytes_max = net::kHelloBytesMax,
                              .gathered_bytes_max = kGatheredBytesMax,
                              .output_bytes_max = kNoBound,
                              .handshake_timeout = settings.connect_timeout,
                              .ping_interval = settings.ping_interval,
                              .answer_timeout = settings.send_timeout},
                   .traffic = traffic} {}

std::int32_t WebSocketProtocol::version() const noexcept { return kProtocolVersion; }

std::uint64_t WebSocketProtocol::frame_overhead_bytes() const noexcept { return kFrameOverheadBytes; }

std::string WebSocketProtocol::encode(const net::Hello& hello) const { return transport_websocket::encode(hello); }

std::string WebSocketProtocol::encode(const net::HelloReply& reply, std::int32_t /*sequence_id*/) const {
  return transport_websocket::encode(reply);
}

net::Hello WebSocketProtocol::decode_hello(std::string_view message) const {
  environment_.traffic.frames_received.record(1);
  return transport_websocket::decode_hello(message);
}

net::HelloReply WebSocketProtocol::decode_hello_reply(std::string_view message) const {
  environment_.traffic.frames_received.record(1);
  return transport_websocket::decode_hello_reply(message);
}

bool WebSocketProtocol::append_frames(std::string_view message, std::vector<tenon_bytes>& frames) const {
  const std::size_t before = frames.size();
  const bool are_frames = transport_websocket::append_frames(message, frames);
  environment_.traffic.frames_received.record(static_cast<double>(frames.size() - before));
  return are_frames;
}

std::shared_ptr<net::PeerConnection> WebSocketProtocol::dialled(net::PeerConnection::Socket socket,
                                                                net::Admission::Ticket ticket,
                                                                const net::PeerAddress& address,
                                                                net::FrameHandler& handler) {
  return std::make_shared<WebSocketConnection>(
      net::WebSocketSession::dialled(std::move(socket), std::move(ticket), environment_,
                                     {host_of(address.endpoint), address.path, kSubprotocol}, handler),
      environment_.traffic);
}

std::shared_ptr<net::PeerConnection> WebSocketProtocol::accepted(net::PeerConnection::Socket socket,
                                                                 net::Admission::Ticket ticket,
                                                                 net::FrameHandler& handler) {
  return std::make_shared<WebSocketConnection>(
      net::WebSocketSession::accepted(std::move(socket), std::move(ticket), environment_, {{}, path_, kSubprotocol},
                                      handler),
      environment_.traffic);
}

}  // namespace tenon::transport_websocket
