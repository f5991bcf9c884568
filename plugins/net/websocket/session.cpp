// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <span>
#include <utility>

#include "socket_text.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Clock = SessionClock;

// What is masked passes through a buffer of this size, so that it is also what one send carries.
constexpr std::size_t kMaskedBytes = std::size_t{64} * 1024;
// How long the other side has to answer a good-bye, before the connection is closed without.
constexpr std::chrono::milliseconds kGoodbyeTimeout{500};
// What a session keeps to read into between messages.
constexpr std::size_t kKeptInputBytes = std::size_t{64} * 1024;

websocket::close_code code_of(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::kShutdown:
      return websocket::close_code::going_away;
    case CloseReason::kFrameTooLarge:
      return websocket::close_code::too_big;
    case CloseReason::kMalformed:
      return websocket::close_code::protocol_error;
    case CloseReason::kMemory:
    case CloseReason::kOutputFull:
      return websocket::close_code::try_again_later;
    default:
      return websocket::close_code::policy_error;
  }
}

// Beast's own idea of idleness counts a peer that reads slowly as idle, so that Session watches over that.
websocket::stream_base::timeout timeout_of(std::chrono::milliseconds handshake_timeout) {
  return {.handshake_timeout = handshake_timeout,
          .idle_timeout = websocket::stream_base::none(),
          .keep_alive_pings = false};
}

}  // namespace

Session::Session(Socket socket, Admission::Ticket ticket, WebSocketEnvironment& environment, WebSocketTarget target,
                 FrameHandler& handler)
    : target_(std::move(target)),
      stream_(Meter(activity_, environment.traffic), std::move(socket)),
      ticket_(std::move(ticket)),
      environment_(environment),
      handler_(&handler),
      peer_(text_of_peer(stream_.next_layer().socket())),
      timer_(stream_.get_executor()) {
  stream_.set_option(timeout_of(environment.limits.handshake_timeout));
  stream_.read_message_max(static_cast<std::size_t>(environment.limits.message_bytes_max));
  stream_.auto_fragment(false);
  stream_.write_buffer_bytes(kMaskedBytes);
  stream_.binary(true);
}

void Session::start() { upgrade(); }

void Session::open() {
  open_ = true;
  activity_ = {};
  watch();
  read();
  write();
}

void Session::fail(const error_code& error, const std::string& doing) {
  const bool ended = error == asio::error::eof || error == http::error::end_of_stream ||
                     error == http::error::partial_message || error == asio::error::connection_reset;
  if (ended) return close(CloseReason::kPeer, "the peer closed the connection while it was " + doing);
  if (error == beast::error::timeout) return close(CloseReason::kIdle, "the time ran out while it was " + doing);
  if (error.category() == asio::error::get_system_category()) return close(CloseReason::kBroken, error.message());
  close(CloseReason::kMalformed, doing + ": " + error.message());
}

void Session::read() {
  stream_.async_read(input_, [self = shared_from_this()](const error_code& error, std::size_t) {
    if (!self->closed_) self->on_read(error);
  });
}

void Session::on_read(const error_code& error) {
  asked_.reset();
  if (error == websocket::error::closed) {
    const websocket::close_reason& said = stream_.reason();
    const std::string why = said.reason.empty() ? std::string() : ": " + std::string(said.reason.c_str());
    return close(CloseReason::kPeer, "the peer closed with code " + std::to_string(said.code) + why);
  }
  if (error == websocket::error::message_too_big) {
    return close(CloseReason::kFrameTooLarge,
                 "a message is above the limit of " + std::to_string(stream_.read_message_max()) + " bytes");
  }
  if (error) return fail(error, "reading messages");
  if (!stream_.got_binary()) return close(CloseReason::kMalformed, "a text message came; binary ones are expected");
  const asio::const_buffer message = input_.cdata();
  handler_->on_frame({static_cast<const char*>(message.data()), message.size()});
  if (!closed_) handler_->on_frames_end();
  if (closed_) return;
  input_.clear();
  if (input_.capacity() > kKeptInputBytes) input_.shrink_to_fit();
  read();
}

void Session::send(std::string_view message) {
  if (closed_) return;
  waiting_.emplace_back();
  waiting_.back().bytes.append(message);
  output_bytes_ += message.size();
}

void Session::send_part(std::string_view head, Frame loaned) {
  if (closed_) return;
  const std::uint64_t size = head.size() + size_of(loaned.parts());
  const std::uint64_t room = limits().gathered_bytes_max;
  const bool shares =
      !waiting_.empty() && waiting_.back().of_parts && size <= room && waiting_.back().bytes.bytes() <= room - size;
  if (!shares) {
    waiting_.emplace_back();
    waiting_.back().of_parts = true;
  }
  waiting_.back().bytes.append(head);
  waiting_.back().bytes.append(std::move(loaned));
  output_bytes_ += size;
}

void Session::flush() {
  if (closed_) return;
  write();
  const std::uint64_t under_way = writing_ ? written_.bytes.bytes() : 0;
  if (output_bytes_ - under_way > limits().output_bytes_max) close(CloseReason::kOutputFull, "the peer does not read");
}

void Session::write() {
  if (!open_ || closed_ || writing_ || waiting_.empty()) return;
  writing_ = true;
  std::swap(written_, waiting_.front());
  waiting_.pop_front();
  buffers_.clear();
  written_.bytes.gather_all(buffers_);
  activity_.output = Clock::now();
  stream_.async_write(std::span<const asio::const_buffer>(buffers_),
                      [self = shared_from_this()](const error_code& error, std::size_t) { self->on_written(error); });
}

void Session::on_written(const error_code& error) {
  writing_ = false;
  const std::uint64_t size = written_.bytes.bytes();
  written_.bytes.clear();
  if (closed_) return;
  if (error) return fail(error, "sending");
  output_bytes_ -= size;
  write();
  handler_->on_output_sent();
  if (!closed_ && output_bytes_ == 0 && !writing_) handler_->on_flushed();
}

// A timer that looks now and then is cheaper than one that every transfer sets anew.
void Session::watch() {
  timer_.expires_after(std::min(limits().ping_interval, limits().answer_timeout) / 2);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_) return;
    self->look();
    if (!self->closed_) self->watch();
  });
}

void Session::look() {
  const Clock::time_point now = Clock::now();
  if (asked_ && activity_.input > *asked_) asked_.reset();
  const bool is_stuck = (writing_ || pinging_) && now - activity_.output >= limits().answer_timeout;
  if (is_stuck) return close(CloseReason::kIdle, {});
  if (asked_ && now - *asked_ >= limits().answer_timeout) {
    return close(CloseReason::kIdle, "the peer answered no ping");
  }
  if (!asked_ && !pinging_ && now - activity_.input >= limits().ping_interval) ping();
}

// While a message is being sent the ping waits for its end, and its time counts from then.
void Session::ping() {
  pinging_ = true;
  if (!writing_) activity_.output = Clock::now();
  stream_.async_ping({}, [self = shared_from_this()](const error_code& error) {
    self->pinging_ = false;
    if (self->closed_) return;
    if (error) return self->fail(error, "asking whether the peer is there");
    self->asked_ = Clock::now();
  });
}

void Session::close(CloseReason reason, std::string_view detail) {
  if (closed_) return;
  const std::shared_ptr<Session> self = shared_from_this();
  closed_ = true;
  environment_.traffic.closed.at(static_cast<std::size_t>(reason)).record(1);
  waiting_.clear();
  output_bytes_ = 0;
  timer_.cancel();
  if (open_ && !writing_ && stream_.is_open() && reason != CloseReason::kIdle) {
    stream_.set_option(timeout_of(std::min(kGoodbyeTimeout, limits().handshake_timeout)));
    const websocket::close_reason goodbye(code_of(reason),
                                          beast::string_view(detail.data(), std::min<std::size_t>(detail.size(), 120)));
    stream_.async_close(goodbye, [self](const error_code&) { self->stream_.next_layer().close(); });
  } else {
    stream_.next_layer().close();
  }
  FrameHandler* const handler = std::exchange(handler_, nullptr);
  handler->on_closed({reason, std::string(detail), 0});
}

}  // namespace tenon::net
