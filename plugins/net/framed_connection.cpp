// SPDX-License-Identifier: MIT
#include "net/framed_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "socket_text.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kLengthBytes = 4;
// Reads and writes of one wake-up, so that a connection that never falls silent does not keep the others waiting.
constexpr int kReadsMax = 4;
constexpr int kWritesMax = 4;

std::uint32_t length_at(std::string_view bytes, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
  };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

void append_length(OutputQueue& output, std::uint64_t size) {
  std::array<char, kLengthBytes> length{};
  for (std::size_t i = 0; i < kLengthBytes; ++i) length[i] = static_cast<char>(size >> (24 - 8 * i) & 0xff);
  output.append(std::string_view(length.data(), length.size()));
}

bool would_block(const error_code& error) noexcept {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

FramedConnection::FramedConnection(Socket socket, Admission::Ticket ticket, ConnectionEnvironment& environment,
                                   FrameHandler& handler)
    : socket_(std::move(socket)),
      ticket_(std::move(ticket)),
      environment_(environment),
      handler_(&handler),
      frame_bytes_max_(environment.limits.frame_bytes_max),
      peer_(text_of_peer(socket_)),
      idle_timer_(socket_.get_executor()) {}

void FramedConnection::start() {
  wait_readable();
  if (environment_.limits.idle_timeout.count() > 0) wait_idle();
}

void FramedConnection::pause_reading() noexcept {
  if (reading_ == Reading::kOn) reading_ = Reading::kPaused;
}

void FramedConnection::resume_reading() {
  if (closed_ || reading_ != Reading::kPaused) return;
  reading_ = Reading::kOn;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->closed_ || self->reading_ != Reading::kOn) return;
    self->take({});
    self->wait_readable();
  });
}

void FramedConnection::stop_reading() noexcept { reading_ = Reading::kEnded; }

void FramedConnection::wait_readable() {
  if (closed_ || reading_ != Reading::kOn || waiting_to_read_) return;
  waiting_to_read_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_read_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->read();
  });
}

void FramedConnection::read() {
  for (int reads = 0; reads < kReadsMax && reading_ == Reading::kOn && !closed_; ++reads) {
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(environment_.read_room), error);
    if (would_block(error)) break;
    if (error == asio::error::eof) {
      reading_ = Reading::kEnded;
      return handler_->on_input_end();
    }
    if (error) return close(CloseReason::kBroken, error.message());
    environment_.traffic.bytes_received.record(static_cast<double>(count));
    last_activity_ = Clock::now();
    take(std::string_view(environment_.read_room.data(), count));
    if (count < environment_.read_room.size()) break;
  }
  wait_readable();
}

// Frames are handed over from where they lie: from the shared room when nothing waited before, else from input_.
void FramedConnection::take(std::string_view received) {
  TENON_CHECK(!handing_over_);
  if (input_.empty()) return keep(received, hand_over(received));
  if (!environment_.budget.take(received.size())) return close(CloseReason::kMemory, "too much input is buffered");
  input_.append(received);
  const std::size_t consumed = hand_over(input_);
  if (closed_) return;
  environment_.budget.give_back(consumed);
  input_.erase(0, consumed);
  if (input_.empty() && input_.capacity() > environment_.read_room.size()) std::string().swap(input_);
}

void FramedConnection::keep(std::string_view rest, std::size_t consumed) {
  if (closed_) return;
  rest.remove_prefix(consumed);
  if (rest.empty()) return;
  if (!environment_.budget.take(rest.size())) return close(CloseReason::kMemory, "too much input is buffered");
  input_.assign(rest);
}

// Returns how many bytes the frames took that were handed over.
std::size_t FramedConnection::hand_over(std::string_view bytes) {
  const std::shared_ptr<FramedConnection> self = shared_from_this();
  std::size_t at = 0;
  std::uint64_t frames = 0;
  std::optional<std::uint32_t> too_large;
  handing_over_ = true;
  while (!closed_ && reading_ == Reading::kOn && bytes.size() - at >= kLengthBytes) {
    const std::uint32_t length = length_at(bytes, at);
    if (length > frame_bytes_max_) {
      too_large = length;
      break;
    }
    if (bytes.size() - at - kLengthBytes < length) break;
    at += kLengthBytes + length;
    ++frames;
    handler_->on_frame(bytes.substr(at - length, length));
  }
  if (frames != 0) environment_.traffic.frames_received.record(static_cast<double>(frames));
  if (frames != 0 && !closed_) handler_->on_frames_end();
  if (too_large) {
    close({CloseReason::kFrameTooLarge,
           "a frame of " + std::to_string(*too_large) + " bytes is above the limit of " +
               std::to_string(frame_bytes_max_),
           *too_large});
  }
  handing_over_ = false;
  return at;
}

bool FramedConnection::take_room(std::uint64_t payload_bytes) {
  TENON_CHECK(payload_bytes <= 0xffffffffu);
  if (environment_.budget.take(kLengthBytes + payload_bytes)) return true;
  close(CloseReason::kMemory, "too much output is buffered");
  return false;
}

void FramedConnection::send(std::string_view payload) {
  if (closed_ || !take_room(payload.size())) return;
  append_length(output_, payload.size());
  output_.append(payload);
  environment_.traffic.frames_sent.record(1);
}

void FramedConnection::send(std::string_view head, Frame loaned, std::string_view tail) {
  const std::uint64_t size = head.size() + size_of(loaned.parts()) + tail.size();
  if (closed_ || !take_room(size)) return;
  append_length(output_, size);
  output_.append(head);
  output_.append(std::move(loaned));
  output_.append(tail);
  environment_.traffic.frames_sent.record(1);
}

void FramedConnection::flush() {
  if (closed_) return;
  if (!waiting_to_write_) return write();
  if (output_bytes() > environment_.limits.output_bytes_max) close(CloseReason::kOutputFull, "the peer does not read");
}

void FramedConnection::write() {
  const std::shared_ptr<FramedConnection> self = shared_from_this();
  bool full = false;
  bool progressed = false;
  for (int writes = 0; writes < kWritesMax && !output_.empty(); ++writes) {
    OutputQueue::Gathered room;
    error_code error;
    const std::size_t sent = socket_.write_some(output_.gather(room), error);
    full = would_block(error);
    if (full) break;
    if (error) return close(CloseReason::kBroken, error.message());
    drop_sent(sent);
    progressed = true;
  }
  if (full && output_bytes() > environment_.limits.output_bytes_max) {
    return close(CloseReason::kOutputFull, "the peer does not read");
  }
  if (!output_.empty()) wait_writable();
  if (progressed) handler_->on_output_sent();
  if (!closed_ && output_.empty()) handler_->on_flushed();
}

void FramedConnection::wait_writable() {
  waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_write_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->write();
  });
}

void FramedConnection::drop_sent(std::size_t sent) {
  environment_.traffic.bytes_sent.record(static_cast<double>(sent));
  environment_.budget.give_back(sent);
  last_activity_ = Clock::now();
  output_.drop(sent);
}

void FramedConnection::shutdown_output() noexcept {
  if (closed_) return;
  TENON_CHECK(output_.empty());
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

// One timer that looks when it is due, rather than one that every read sets anew.
void FramedConnection::wait_idle() {
  idle_timer_.expires_at(last_activity_ + environment_.limits.idle_timeout);
  idle_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_) return;
    if (self->handler_->busy() && self->output_.empty()) self->last_activity_ = Clock::now();
    if (Clock::now() - self->last_activity_ >= self->environment_.limits.idle_timeout) {
      return self->close(CloseReason::kIdle);
    }
    self->wait_idle();
  });
}

void FramedConnection::close(CloseReason reason, std::string_view detail) {
  const bool cut = reason == CloseReason::kPeer && !input_.empty();
  close({cut ? CloseReason::kTruncated : reason, std::string(detail), 0});
}

void FramedConnection::close(const Closing& closing) {
  if (closed_) return;
  const std::shared_ptr<FramedConnection> self = shared_from_this();
  closed_ = true;
  environment_.budget.give_back(input_.size() + output_.bytes());
  environment_.traffic.closed.at(static_cast<std::size_t>(closing.reason)).record(1);
  // When hand_over() is at work it reads from input_, so that stays until the connection goes.
  output_.clear();
  idle_timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  FrameHandler* const handler = std::exchange(handler_, nullptr);
  handler->on_closed(closing);
}

}  // namespace tenon::net
