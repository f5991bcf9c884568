// SPDX-License-Identifier: MIT
#include "channel.hpp"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace tenon::api_resp {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using net::CloseReason;

// Reads of one client in a row, so that one does not keep the others waiting.
constexpr int kReadsMax = 4;
constexpr std::size_t kBuffersKept = 256;
// A buffer that has grown beyond this goes back to the system.
constexpr std::size_t kBufferBytesKept = std::size_t{64} * 1024;
// What has come from a client that is told why it is closed is read and dropped: closing a socket with unread input
// would take back what was just sent.
constexpr int kDroppedReadsMax = 16;
// For a client to take its last replies, after which it is closed without them.
constexpr std::chrono::seconds kFlushTimeMax(5);

bool would_block(const error_code& error) noexcept {
  return error == asio::error::would_block || error == asio::error::try_again;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

std::string ChannelEnvironment::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ChannelEnvironment::give_back(std::string buffer) {
  if (buffer.capacity() > kBufferBytesKept || buffers_.size() == kBuffersKept) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

Channel::Channel(Socket socket, net::Admission::Ticket ticket, ChannelEnvironment& environment, ChannelUser& user)
    : socket_(std::move(socket)),
      ticket_(std::move(ticket)),
      environment_(environment),
      user_(&user),
      peer_([this] {
        error_code error;
        const tcp::endpoint peer = socket_.remote_endpoint(error);
        return error ? std::string("?:0") : text_of(peer);
      }()),
      local_([this] {
        error_code error;
        const tcp::endpoint local = socket_.local_endpoint(error);
        return error ? std::string("?:0") : text_of(local);
      }()),
      descriptor_(socket_.native_handle()),
      idle_timer_(socket_.get_executor()) {}

void Channel::start() {
  wait_readable();
  if (environment_.limits.idle_timeout.count() > 0) wait_idle();
}

void Channel::pause_reading() noexcept {
  if (reading_ == Reading::kOn) reading_ = Reading::kPaused;
}

void Channel::resume_reading() {
  if (closed_ || reading_ != Reading::kPaused) return;
  const std::shared_ptr<Channel> self = shared_from_this();
  reading_ = Reading::kOn;
  if (!input_.empty()) take({});
  wait_readable();
}

void Channel::stop_reading() noexcept { reading_ = Reading::kEnded; }

void Channel::wait_readable() {
  if (closed_ || reading_ != Reading::kOn || waiting_to_read_) return;
  waiting_to_read_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_read_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->read();
  });
}

void Channel::read() {
  for (int reads = 0; reads < kReadsMax && reading_ == Reading::kOn && !closed_; ++reads) {
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(environment_.read_room), error);
    if (would_block(error)) break;
    if (error == asio::error::eof) {
      reading_ = Reading::kEnded;
      return user_->on_input_end();
    }
    if (error) return close(CloseReason::kBroken, error.message());
    environment_.traffic.bytes_received.record(static_cast<double>(count));
    last_activity_ = Clock::now();
    take(std::string_view(environment_.read_room.data(), count));
    if (count < environment_.read_room.size()) break;
  }
  wait_readable();
}

bool Channel::hold(std::uint64_t bytes) {
  if (environment_.budget.take(bytes)) return true;
  close(CloseReason::kMemory, "all clients together hold as many bytes as they may");
  return false;
}

// Input is handed over from where it lies: from the shared room when nothing waited before, else from input_.
void Channel::take(std::string_view received) {
  if (input_.empty()) {
    received.remove_prefix(user_->on_input(received));
    if (closed_ || received.empty() || reading_ == Reading::kEnded || !hold(received.size())) return;
    input_ = environment_.take_buffer();
    input_.assign(received);
  } else {
    if (!hold(received.size())) return;
    input_.append(received);
    const std::size_t taken = user_->on_input(input_);
    if (closed_) return;
    environment_.budget.give_back(taken);
    input_.erase(0, taken);
    if (input_.empty()) environment_.give_back(std::exchange(input_, {}));
  }
  if (input_.size() > environment_.limits.input_bytes_max) {
    close(CloseReason::kFrameTooLarge, "more input waits than query_buffer_bytes_max");
  }
}

std::string& Channel::output() {
  if (output_.empty()) output_ = environment_.take_buffer();
  return output_;
}

void Channel::flush() {
  if (closed_) return;
  if (output_.empty()) return sent_all();
  if (!waiting_to_write_) return write();
  if (output_bytes() > environment_.limits.output_bytes_max) {
    return close(CloseReason::kOutputFull, "the client does not read");
  }
  if (hold(output_.size() - counted_)) counted_ = output_.size();
}

void Channel::count_kept(std::uint64_t bytes) {
  if (closed_ || bytes == kept_) return;
  if (bytes > kept_ && !hold(bytes - kept_)) return;
  if (bytes < kept_) environment_.budget.give_back(kept_ - bytes);
  kept_ = bytes;
}

void Channel::write() {
  const std::shared_ptr<Channel> self = shared_from_this();
  while (sent_ < output_.size()) {
    error_code error;
    const std::size_t sent = socket_.write_some(asio::buffer(output_.data() + sent_, output_.size() - sent_), error);
    if (would_block(error)) break;
    if (error) return close(CloseReason::kBroken, error.message());
    environment_.traffic.bytes_sent.record(static_cast<double>(sent));
    last_activity_ = Clock::now();
    sent_ += sent;
  }
  if (sent_ == output_.size()) {
    environment_.budget.give_back(std::exchange(counted_, 0));
    environment_.give_back(std::exchange(output_, {}));
    sent_ = 0;
    return sent_all();
  }
  if (output_bytes() > environment_.limits.output_bytes_max) {
    return close(CloseReason::kOutputFull, "the client does not read");
  }
  if (!hold(output_.size() - counted_)) return;
  counted_ = output_.size();
  if (sent_ > output_.size() / 2) {
    output_.erase(0, sent_);
    environment_.budget.give_back(counted_ - output_.size());
    counted_ = output_.size();
    sent_ = 0;
  }
  wait_writable();
}

void Channel::wait_writable() {
  waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_write_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->write();
  });
}

void Channel::sent_all() {
  if (closes_when_flushed_) return close(closing_.reason, closing_.detail);
  user_->on_flushed();
}

void Channel::close_when_flushed(CloseReason reason, std::string_view detail) {
  if (closed_ || closes_when_flushed_) return;
  reading_ = Reading::kEnded;
  closes_when_flushed_ = true;
  closing_ = {reason, std::string(detail)};
  idle_timer_.expires_after(kFlushTimeMax);
  idle_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->close(self->closing_.reason, self->closing_.detail);
  });
}

// One timer that looks when it is due, rather than one that every read sets anew.
void Channel::wait_idle() {
  idle_timer_.expires_at(last_activity_ + environment_.limits.idle_timeout);
  idle_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_ || self->closes_when_flushed_) return;
    if (self->user_->busy() && self->output_.empty()) self->last_activity_ = Clock::now();
    if (Clock::now() - self->last_activity_ >= self->environment_.limits.idle_timeout) {
      return self->close(CloseReason::kIdle);
    }
    self->wait_idle();
  });
}

void Channel::close(CloseReason reason, std::string_view detail) {
  if (closed_) return;
  const std::shared_ptr<Channel> self = shared_from_this();
  const bool cut = reason == CloseReason::kPeer && !input_.empty();
  const Closing closing{cut ? CloseReason::kTruncated : reason, std::string(detail)};
  closed_ = true;
  environment_.budget.give_back(input_.size() + counted_ + std::exchange(kept_, 0));
  environment_.traffic.closed.at(static_cast<std::size_t>(closing.reason)).record(1);
  idle_timer_.cancel();
  error_code ignored;
  if (closes_when_flushed_ && output_.empty()) {
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    for (int reads = 0; reads < kDroppedReadsMax && !ignored; ++reads) {
      socket_.read_some(asio::buffer(environment_.read_room), ignored);
    }
  }
  // Whoever is within on_input() still reads from input_, so that stays until the channel goes.
  output_.clear();
  sent_ = 0;
  counted_ = 0;
  socket_.close(ignored);
  ChannelUser* const user = std::exchange(user_, nullptr);
  user->on_closed(closing);
}

}  // namespace tenon::api_resp
