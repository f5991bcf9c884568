// SPDX-License-Identifier: MIT
#include "incoming_connection.hpp"

#include <utility>

namespace tenon::net {

void IncomingConnection::start(std::shared_ptr<PeerConnection> connection, boost::asio::io_context& context,
                               std::chrono::milliseconds hello_timeout) {
  connection_ = std::move(connection);
  connection_->start();
  hello_timer_.emplace(context, hello_timeout);
  hello_timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->hello_timer_) return;
    self->hello_timer_.reset();
    self->owner_.on_refused(*self, kLateHello, "no hello came within connect_timeout");
    self->connection_->close(CloseReason::kIdle, "no hello came");
  });
}

void IncomingConnection::on_frame(std::string_view frame) {
  if (hello_timer_) return take_hello(frame);
  if (!lane_) return;  // refused, and the refusal is on its way
  if (protocol_.append_frames(frame, frames_)) return;
  owner_.on_malformed_frame(*this);
  on_frames_end();
  connection_->close(CloseReason::kMalformed, "a message is not a frame");
}

void IncomingConnection::on_frames_end() {
  if (!frames_.empty()) owner_.on_frames(*lane_, frames_);
  frames_.clear();
}

std::optional<IncomingOwner::Refused> IncomingConnection::judge(const Hello& hello) {
  if (hello.version != protocol_.version()) {
    return IncomingOwner::Refused{Refusal::kVersion, "version " + std::to_string(hello.version) +
                                                         " is not spoken here; version " +
                                                         std::to_string(protocol_.version()) + " is"};
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
    hello = protocol_.decode_hello(message);
  } catch (const Malformed& malformed) {
    owner_.on_refused(*this, kMalformedHello, malformed.what());
    return connection_->close(CloseReason::kMalformed, malformed.what());
  }
  const std::optional<IncomingOwner::Refused> refused = judge(hello);
  HelloReply reply{.version = protocol_.version(), .sender = self_};
  if (refused) {
    owner_.on_refused(*this, name_of(refused->refusal), refused->reason);
    reply.refusal = static_cast<std::int32_t>(refused->refusal);
    reply.reason = refusal_ = refused->reason;
  } else {
    lane_ = LaneId{hello.sender.node, static_cast<Lane>(hello.lane)};
    connection_->expect_frames();
  }
  connection_->send_message(protocol_.encode(reply, hello.sequence_id));
  connection_->flush();
}

void IncomingConnection::on_flushed() {
  if (!lane_ && !hello_timer_) connection_->close(CloseReason::kRefused, refusal_);
}

void IncomingConnection::on_closed(const Closing& closing) {
  const std::shared_ptr<IncomingConnection> self = shared_from_this();
  if (hello_timer_) {
    hello_timer_.reset();
    if (closing.reason == CloseReason::kFrameTooLarge) owner_.on_refused(*this, kTooLargeHello, closing.detail);
    if (closing.reason == CloseReason::kMalformed) owner_.on_refused(*this, kMalformedHello, closing.detail);
  }
  owner_.on_closed(*this);
}

}  // namespace tenon::net
