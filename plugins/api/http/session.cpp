// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

namespace tenon::api_http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using net::CloseReason;

// Reads and writes of one wake-up, so that a connection that never falls silent does not keep the others waiting.
constexpr int kReadsMax = 4;
constexpr int kWritesMax = 4;
// How long input is still thrown away behind the last answer: closing at once would reset the connection, and the
// client might never see that answer.
constexpr std::chrono::seconds kDiscardTimeout{2};
// Below what proxies between here and the client give a connection on which nothing comes.
constexpr std::chrono::seconds kSilenceMax{15};

bool would_block(const error_code& error) noexcept {
  return error == asio::error::would_block || error == asio::error::try_again;
}

std::string text_of_peer(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "a client that has gone";
  const std::string address = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(peer.port());
}

}  // namespace

Session::Session(Socket socket, net::Admission::Ticket ticket, SessionEnvironment& environment, SessionOwner& owner)
    : socket_(std::move(socket)),
      ticket_(std::move(ticket)),
      environment_(environment),
      owner_(owner),
      peer_(text_of_peer(socket_)) {}

void Session::wait_readable() {
  if (closed_ || reading_ == Reading::kPaused || reading_ == Reading::kEnded || waiting_to_read_) return;
  waiting_to_read_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_read_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->read();
  });
}

void Session::read() {
  for (int reads = 0; reads < kReadsMax && !closed_; ++reads) {
    if (reading_ == Reading::kPaused || reading_ == Reading::kEnded) break;
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(environment_.read_room), error);
    if (would_block(error)) break;
    if (error == asio::error::eof) return on_input_end();
    if (error) return close(CloseReason::kBroken, error.message());
    environment_.traffic.bytes_received.record(static_cast<double>(count));
    last_input_ = Clock::now();
    if (reading_ == Reading::kOn) take({environment_.read_room.data(), count});
    if (count < environment_.read_room.size()) break;
  }
  wait_readable();
}

void Session::on_input_end() {
  const bool was_discarding = reading_ == Reading::kDiscarding || reading_ == Reading::kWatching;
  reading_ = Reading::kEnded;
  input_ended_ = true;
  if (was_discarding) return close(CloseReason::kPeer);
  if (reader_ || !input_.empty()) return close(CloseReason::kTruncated, "it ended within a request");
  if (settled()) close(CloseReason::kPeer);
}

// Requests are read from where they lie: from the shared room when nothing waited before, else from input_.
void Session::take(std::string_view received) {
  const std::shared_ptr<Session> self = shared_from_this();
  if (input_.empty()) {
    const std::size_t taken = parse(received);
    if (!closed_ && reading_ != Reading::kDiscarding) input_.assign(received.substr(taken));
  } else {
    input_.append(received);
    const std::size_t taken = parse(input_);
    if (!closed_) input_.erase(0, taken);
  }
  if (reading_ == Reading::kDiscarding) input_.clear();
  if (input_.empty() && input_.capacity() > environment_.read_room.size()) std::string().swap(input_);
  count_held();
}

std::size_t Session::parse(std::string_view bytes) {
  std::size_t taken = 0;
  while (!closed_ && reading_ == Reading::kOn && taken < bytes.size()) {
    if (!reader_) {
      reader_.emplace(limits().request);
      request_began_ = Clock::now();
    }
    const bool had_header = reader_->header_complete();
    const std::size_t count = reader_->take(bytes.substr(taken));
    taken += count;
    if (reader_->refused()) {
      refuse_request(*reader_->refused());
      break;
    }
    if (!had_header && reader_->header_complete()) {
      header_ended_ = Clock::now();
      // With answers to come before it the word would stand in the wrong place; the client sends its body anyway.
      if (!reader_->complete() && reader_->expects_continue() && slots_.empty()) {
        send("HTTP/1.1 100 Continue\r\n\r\n");
        owner_.finish_later(shared_from_this());
      }
    }
    if (!reader_->complete()) break;
    has_more_input_ = taken < bytes.size();
    take_request();
  }
  return taken;
}

void Session::take_request() {
  Request request = reader_->release();
  reader_.reset();
  std::string id = owner_.begin_request(request);
  const bool is_last = !request.keep_alive;
  const std::uint64_t slot = open_slot();
  slots_.back().is_last = is_last;
  if (is_last) reading_ = Reading::kEnded;
  const auto exchange = std::make_shared<Exchange>(shared_from_this(), slot, std::move(request), std::move(id));
  owner_.take(exchange);
  owner_.finish_later(shared_from_this());
}

// Nothing behind it on the connection can be read.
void Session::refuse_request(Failure failure) {
  Request request = reader_->request();
  reader_.reset();
  request.keep_alive = false;
  reading_ = Reading::kEnded;
  const std::string id = owner_.begin_request(request);
  const std::uint64_t slot = open_slot();
  answer(slot, response_of(failure, id), request, id);
}

std::uint64_t Session::open_slot() {
  slots_.emplace_back();
  if (slots_.size() >= limits().pipelined_requests_max && reading_ == Reading::kOn) reading_ = Reading::kPaused;
  return next_slot_++;
}

void Session::answer(std::uint64_t slot, const Response& response, const Request& request,
                     std::string_view request_id) {
  owner_.count_answer(request, response.status, request_id);
  if (closed_) return;
  const bool is_newest = slot + 1 == next_slot_;
  const bool keeps_alive = request.keep_alive && !(draining_ && is_newest);
  fill(slot,
       serialize(response, {keeps_alive, request.is_head() ? Body::kNone : Body::kWhole, request_id, owner_.date()}),
       !keeps_alive);
}

void Session::fill(std::uint64_t slot, std::string answer, bool is_last) {
  const std::uint64_t first = next_slot_ - slots_.size();
  TENON_CHECK(slot >= first && slot < next_slot_);
  Slot& filled = slots_[slot - first];
  TENON_CHECK(!filled.answer);
  if (!environment_.budget.take(answer.size())) return close(CloseReason::kMemory, "too much output is buffered");
  held_answers_ += answer.size();
  filled.answer = std::move(answer);
  filled.is_last = filled.is_last || is_last;
  while (!slots_.empty() && slots_.front().answer && !ends_after_output_) {
    const Slot next = std::move(slots_.front());
    slots_.pop_front();
    held_answers_ -= next.answer->size();
    if (output_.empty()) last_output_ = Clock::now();
    output_.append(*next.answer);
    ends_after_output_ = next.is_last;
  }
  // Behind the last answer nothing is sent, and what was asked there is not heard of any more.
  if (ends_after_output_) reading_ = Reading::kEnded;
  if (held_answers_ > limits().output_bytes_max) {
    return close(CloseReason::kOutputFull, "too much waits for the answer to an earlier request");
  }
  resume_reading();
  owner_.finish_later(shared_from_this());
}

bool Session::begin_stream(std::uint64_t slot, const Response& head, const Request& request,
                           std::string_view request_id, std::shared_ptr<StreamSource> source) {
  if (closed_ || slots_.size() != 1 || slot + 1 != next_slot_ || draining_) return false;
  const std::shared_ptr<Session> self = shared_from_this();  // sending may close it
  owner_.count_answer(request, head.status, request_id);
  slots_.pop_back();
  stream_ = std::move(source);
  stream_is_chunked_ = request.version != 10;
  // What the client sends now has no meaning; its end has.
  reading_ = Reading::kWatching;
  input_.clear();
  reader_.reset();
  count_held();
  const Body body = stream_is_chunked_ ? Body::kChunked : Body::kToTheEnd;
  send(serialize(head, {false, body, request_id, owner_.date()}));
  wait_readable();
  owner_.finish_later(self);
  return true;
}

void Session::stream(std::string_view bytes) {
  if (closed_ || stream_ == nullptr || bytes.empty()) return;
  const std::shared_ptr<Session> self = shared_from_this();
  send(stream_is_chunked_ ? chunk_of(bytes) : std::string(bytes));
  owner_.finish_later(self);
}

void Session::end_stream() {
  if (closed_ || stream_ == nullptr) return;
  const std::shared_ptr<Session> self = shared_from_this();
  stream_ = nullptr;
  if (stream_is_chunked_) send(kLastChunk);
  ends_after_output_ = true;
  owner_.finish_later(self);
}

std::optional<Connection> Session::give_away(std::uint64_t slot, const Request& request, std::string_view request_id) {
  const bool is_alone = slots_.size() == 1 && slot + 1 == next_slot_ && output_.empty();
  // Of a request that was not answered at once more may have come, or the end.
  const bool has_rest = has_more_input_ || (waiting_to_read_ && (reader_ || !input_.empty() || input_ended_));
  if (closed_ || draining_ || !is_alone || has_rest || waiting_to_write_) return std::nullopt;
  if (waiting_to_read_) {
    error_code ignored;
    socket_.cancel(ignored);  // its handler finds this session closed
  }
  owner_.count_answer(request, 101, request_id);
  const std::shared_ptr<Session> self = shared_from_this();
  Connection given{std::move(socket_), std::move(ticket_)};
  closed_ = true;
  slots_.clear();
  environment_.budget.give_back(held_input_);
  owner_.on_closed(*this, {});
  return given;
}

void Session::drop_stream() {
  if (const std::shared_ptr<StreamSource> source = std::exchange(stream_, nullptr)) source->on_gone();
}

void Session::resume_reading() {
  if (reading_ != Reading::kPaused || slots_.size() > limits().pipelined_requests_max / 2) return;
  reading_ = Reading::kOn;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->closed_ || self->reading_ != Reading::kOn) return;
    self->take({});
    self->wait_readable();
  });
}

void Session::send(std::string_view bytes) {
  if (closed_) return;
  if (!environment_.budget.take(bytes.size())) return close(CloseReason::kMemory, "too much output is buffered");
  if (output_.empty()) last_output_ = Clock::now();
  output_.append(bytes);
}

void Session::flush() {
  if (closed_) return;
  if (!waiting_to_write_) return write();
  if (output_.bytes() > limits().output_bytes_max) close(CloseReason::kOutputFull, "the client does not read");
}

void Session::write() {
  const std::shared_ptr<Session> self = shared_from_this();
  bool is_full = false;
  for (int writes = 0; writes < kWritesMax && !output_.empty(); ++writes) {
    net::OutputQueue::Gathered room;
    error_code error;
    const std::size_t sent = socket_.write_some(output_.gather(room), error);
    is_full = would_block(error);
    if (is_full) break;
    if (error) return close(CloseReason::kBroken, error.message());
    output_.drop(sent);
    environment_.budget.give_back(sent);
    environment_.traffic.bytes_sent.record(static_cast<double>(sent));
    last_output_ = Clock::now();
  }
  if (is_full && output_.bytes() > limits().output_bytes_max) {
    return close(CloseReason::kOutputFull, "the client does not read");
  }
  if (!output_.empty()) return wait_writable();
  on_sent();
}

void Session::wait_writable() {
  waiting_to_write_ = true;
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& error) {
    self->waiting_to_write_ = false;
    if (self->closed_) return;
    if (error) return self->close(CloseReason::kBroken, error.message());
    self->write();
  });
}

void Session::on_sent() {
  if (ends_after_output_ || (draining_ && settled())) return end_politely();
  if (stream_ != nullptr) return stream_->on_sent();
  if (!settled()) return;
  if (input_ended_) return close(CloseReason::kPeer);
  owner_.on_settled();
}

void Session::end_politely() {
  if (reading_ == Reading::kDiscarding) return;
  if (input_ended_) return close(CloseReason::kPeer);
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  reading_ = Reading::kDiscarding;
  discarding_since_ = Clock::now();
  std::string().swap(input_);
  reader_.reset();
  count_held();
  wait_readable();
  owner_.on_settled();
}

void Session::drain() {
  const std::shared_ptr<Session> self = shared_from_this();
  draining_ = true;
  if (reading_ == Reading::kOn || reading_ == Reading::kPaused) reading_ = Reading::kEnded;
  if (const std::shared_ptr<StreamSource> source = stream_) {
    end_stream();
    source->on_gone();
  }
  owner_.finish_later(self);
}

void Session::look(Clock::time_point now) {
  const auto is_over = [&](Clock::time_point since, std::chrono::milliseconds timeout) {
    return now - since >= timeout;
  };
  if (reading_ == Reading::kDiscarding) {
    if (is_over(discarding_since_, kDiscardTimeout)) close(CloseReason::kIdle);
    return;
  }
  if (!output_.empty()) {
    if (is_over(last_output_, limits().idle_timeout)) close(CloseReason::kOutputFull, "the client does not read");
    return;
  }
  if (stream_ != nullptr) {
    if (is_over(last_output_, kSilenceMax)) stream_->on_silence();
    return;
  }
  if (reader_ && reading_ == Reading::kOn) {
    const bool in_body = reader_->header_complete();
    const auto timeout = in_body ? limits().body_timeout : limits().header_timeout;
    if (!is_over(in_body ? header_ended_ : request_began_, timeout)) return;
    const std::string name = in_body ? "body_timeout" : "header_timeout";
    return refuse_request({408, name,
                           "the " + std::string(in_body ? "body" : "header") + " of the request took longer than " +
                               std::to_string(timeout.count()) + " ms (" + name + ")",
                           Limit{name, static_cast<std::uint64_t>(timeout.count())}});
  }
  if (slots_.empty() && is_over(std::max(last_input_, last_output_), limits().idle_timeout)) {
    close(CloseReason::kIdle);
  }
}

// Brings the budget up to what is held of input.
void Session::count_held() {
  if (closed_) return;
  const std::uint64_t held = input_.size() + (reader_ ? reader_->request().body.size() : 0);
  if (held > held_input_ && !environment_.budget.take(held - held_input_)) {
    return close(CloseReason::kMemory, "too much input is buffered");
  }
  if (held < held_input_) environment_.budget.give_back(held_input_ - held);
  held_input_ = held;
}

void Session::close(CloseReason reason, const std::string& detail) {
  if (closed_) return;
  const std::shared_ptr<Session> self = shared_from_this();
  closed_ = true;
  environment_.traffic.closed.at(static_cast<std::size_t>(reason)).record(1);
  environment_.budget.give_back(held_input_ + held_answers_ + output_.bytes());
  output_.clear();
  error_code ignored;
  socket_.close(ignored);
  drop_stream();
  owner_.on_closed(*this, detail);
}

}  // namespace tenon::api_http
