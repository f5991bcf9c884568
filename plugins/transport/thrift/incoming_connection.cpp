// SPDX-License-Identifier: MIT
#include "incoming_connection.hpp"

#include <utility>

#include "frame_call.hpp"

namespace tenon::transport_thrift {

const char* name_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::kVersion:
      return "version";
    case Refusal::kCluster:
      return "cluster";
    case Refusal::kNode:
      return "node";
    case Refusal::kSender:
      return "sender";
    case Refusal::kUnknownPeer:
      return "unknown_peer";
    case Refusal::kLane:
      return "lane";
  }
  return "unknown";
}

void IncomingConnection::start(std::shared_ptr<net::FramedConnection> connection, boost::asio::io_context& context,
                               std::chrono::milliseconds hello_timeout) {
  connection_ = std::move(connection);
  connection_->start();
  hello_timer_.emplace(context, hello_timeout);
  hello_timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->hello_timer_) return;
    self->hello_timer_.reset();
    self->owner_.on_refused(*self, kLateHello, "no hello came within connect_timeout");
    self->connection_->close(net::CloseReason::kIdle, "no hello came");
  });
}

void IncomingConnection::on_frame(std::string_view frame) {
  if (hello_timer_) return take_hello(frame);
  if (!lane_) return;  // refused, and the refusal is on its way
  const std::optional<std::string_view> data = frame_data(frame);
  if (data) return frames_.push_back(bytes(*data));
  owner_.on_malformed_frame(*this);
  on_frames_end();
  connection_->close(net::CloseReason::kMalformed, "a message is not a frame");
}

void IncomingConnection::on_frames_end() {
  if (!frames_.empty()) owner_.on_frames(*lane_, frames_);
  frames_.clear();
}

std::optional<IncomingOwner::Refused> IncomingConnection::judge(const Hello& hello) {
  if (hello.version != kProtocolVersion) {
    return IncomingOwner::Refused{Refusal::kVersion, "version " + std::to_string(hello.version) +
                                                         " is not spoken here; version " +
                                                         std::to_string(kProtocolVersion) + " is"};
  }
  if (hello.lane != TENON_LANE_CONTROL && hello.lane != TENON_LANE_BULK) {
    return IncomingOwner::Refused{Refusal::kLane, "there is no lane " + std::to_string(hello.lane)};
  }
  return owner_.on_hello(*this, hello);
}

void IncomingConnection::take_hello(std::string_view message) {
  hello_timer_.reset();
  Hello hello;
  try {
    hello = decode_hello(message);
  } catch (const Malformed& malformed) {
    owner_.on_refused(*this, kMalformedHello, malformed.what());
    return connection_->close(net::CloseReason::kMalformed, malformed.what());
  }
  const std::optional<IncomingOwner::Refused> refused = judge(hello);
  HelloReply reply{.sender = self_};
  if (refused) {
    owner_.on_refused(*this, name_of(refused->refusal), refused->reason);
    reply.refusal = static_cast<std::int32_t>(refused->refusal);
    reply.reason = refused->reason;
  } else {
    lane_ = LaneId{hello.sender.node, static_cast<Lane>(hello.lane)};
    connection_->limit_frames(kFrameCallBytesMax);
  }
  connection_->send(encode(reply, hello.sequence_id));
  connection_->flush();
}

void IncomingConnection::on_flushed() {
  if (!lane_) connection_->close(net::CloseReason::kRefused);
}

void IncomingConnection::on_closed(const net::Closing& closing) {
  const std::shared_ptr<IncomingConnection> self = shared_from_this();
  if (hello_timer_) {
    hello_timer_.reset();
    if (closing.reason == net::CloseReason::kFrameTooLarge) owner_.on_refused(*this, kTooLargeHello, closing.detail);
  }
  owner_.on_closed(*this);
}

}  // namespace tenon::transport_thrift
