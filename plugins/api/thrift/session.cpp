// SPDX-License-Identifier: MIT
#include "session.hpp"

#include "dispatcher.hpp"

namespace tenon::api_thrift {

void Session::start(std::shared_ptr<net::FramedConnection> connection) {
  connection_ = std::move(connection);
  connection_->start();
}

void Session::flush() { connection_->flush(); }

void Session::drain() {
  draining_ = true;
  connection_->stop_reading();
  owner_.finish_later(shared_from_this());
}

void Session::on_frame(std::string_view frame) {
  const std::shared_ptr<Session> self = shared_from_this();
  if (const std::optional<std::string> failure = owner_.dispatcher().take(frame, self)) {
    return connection_->close(net::CloseReason::kMalformed, *failure);
  }
  owner_.finish_later(self);
}

void Session::on_input_end() {
  input_ended_ = true;
  owner_.dispatcher().hurry(*this);  // the peer may be gone, and a change may be far
  if (settled()) connection_->close(net::CloseReason::kPeer);
}

void Session::on_flushed() {
  if (!settled()) return;
  if (input_ended_) return connection_->close(net::CloseReason::kPeer);
  if (draining_) connection_->shutdown_output();
  owner_.on_settled();
}

void Session::on_closed(const net::Closing& closing) { owner_.on_closed(*this, closing); }

std::uint64_t Session::open_slot() {
  const std::uint64_t slot = order_.open();
  if (order_.waiting() >= limits_.pipelined_requests_max) {
    paused_ = true;
    connection_->pause_reading();
  }
  return slot;
}

void Session::reply(std::uint64_t slot, std::string_view message) {
  order_.fill(slot, message, [this](std::string_view next) { connection_->send(next); });
  if (connection_->closed()) return;
  if (order_.held_bytes() > limits_.output_bytes_max) {
    return connection_->close(net::CloseReason::kOutputFull, "too much waits for the reply to an earlier request");
  }
  if (paused_ && order_.waiting() <= limits_.pipelined_requests_max / 2) {
    paused_ = false;
    connection_->resume_reading();
  }
  owner_.finish_later(shared_from_this());
}

void Session::allow_reordering() {
  order_.allow_reordering([this](std::string_view held) { connection_->send(held); });
}

}  // namespace tenon::api_thrift
