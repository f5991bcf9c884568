// SPDX-License-Identifier: MIT
#include "thrift_protocol.hpp"

#include <limits>
#include <utility>

#include "frame_call.hpp"
#include "handshake.hpp"

namespace tenon::transport_thrift {

namespace {

constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

class ThriftConnection final : public net::PeerConnection {
 public:
  explicit ThriftConnection(std::shared_ptr<net::FramedConnection> connection) : connection_(std::move(connection)) {}

  void start() override { connection_->start(); }
  void expect_frames() override { connection_->limit_frames(kFrameCallBytesMax); }
  void send_message(std::string_view message) override { connection_->send(message); }
  void send_frame(Frame frame) override {
    const FrameHead head = frame_head(size_of(frame.parts()));
    connection_->send(std::string_view(head.data(), head.size()), std::move(frame), kFrameTail);
  }
  void flush() override { connection_->flush(); }
  void close(net::CloseReason reason, std::string_view detail) override { connection_->close(reason, detail); }
  std::uint64_t output_bytes() const noexcept override { return connection_->output_bytes(); }
  const std::string& peer() const noexcept override { return connection_->peer(); }

 private:
  const std::shared_ptr<net::FramedConnection> connection_;
};

std::shared_ptr<net::PeerConnection> connection_of(net::PeerConnection::Socket socket, net::Admission::Ticket ticket,
                                                   net::ConnectionEnvironment& environment,
                                                   net::FrameHandler& handler) {
  return std::make_shared<ThriftConnection>(
      std::make_shared<net::FramedConnection>(std::move(socket), std::move(ticket), environment, handler));
}

}  // namespace

ThriftProtocol::ThriftProtocol(std::chrono::milliseconds send_timeout, const net::Traffic& traffic)
    : outgoing_({.frame_bytes_max = net::kHelloBytesMax, .output_bytes_max = kNoBound, .idle_timeout = send_timeout},
                kNoBound, traffic),
      incoming_({.frame_bytes_max = net::kHelloBytesMax,
                 .output_bytes_max = net::kHelloBytesMax,
                 .idle_timeout = std::chrono::milliseconds(0)},
                kNoBound, traffic) {}

std::int32_t ThriftProtocol::version() const noexcept { return kProtocolVersion; }

std::uint64_t ThriftProtocol::frame_overhead_bytes() const noexcept { return kFrameOverheadBytes; }

std::string ThriftProtocol::encode(const net::Hello& hello) const { return transport_thrift::encode(hello); }

std::string ThriftProtocol::encode(const net::HelloReply& reply, std::int32_t sequence_id) const {
  return transport_thrift::encode(reply, sequence_id);
}

net::Hello ThriftProtocol::decode_hello(std::string_view message) const {
  return transport_thrift::decode_hello(message);
}

net::HelloReply ThriftProtocol::decode_hello_reply(std::string_view message) const {
  return transport_thrift::decode_hello_reply(message);
}

bool ThriftProtocol::append_frames(std::string_view message, std::vector<tenon_bytes>& frames) const {
  const std::optional<std::string_view> data = frame_data(message);
  if (data) frames.push_back(bytes(*data));
  return data.has_value();
}

std::shared_ptr<net::PeerConnection> ThriftProtocol::dialled(net::PeerConnection::Socket socket,
                                                             net::Admission::Ticket ticket,
                                                             const net::PeerAddress& /*address*/,
                                                             net::FrameHandler& handler) {
  return connection_of(std::move(socket), std::move(ticket), outgoing_, handler);
}

std::shared_ptr<net::PeerConnection> ThriftProtocol::accepted(net::PeerConnection::Socket socket,
                                                              net::Admission::Ticket ticket,
                                                              net::FrameHandler& handler) {
  return connection_of(std::move(socket), std::move(ticket), incoming_, handler);
}

}  // namespace tenon::transport_thrift
