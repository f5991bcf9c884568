// SPDX-License-Identifier: MIT
// The only file of this room that knows Beast, whose headers are large.
#include "net/websocket_session.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "net/output_queue.hpp"
#include "socket_text.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;  // of an HTTP request or answer
// What is masked passes through a buffer of this size, so that it is also what one send carries.
constexpr std::size_t kMaskedBytes = std::size_t{64} * 1024;
// What a session keeps to read into between messages.
constexpr std::size_t kKeptInputBytes = std::size_t{64} * 1024;

// When bytes last passed, in either direction.
struct Activity {
  Clock::time_point input = Clock::now();
  Clock::time_point output = Clock::now();
};

// Beast asks this of every transfer; it has no limit, and takes note.
class Meter {
 public:
  Meter(Activity& activity, const Traffic& traffic) noexcept : activity_(&activity), traffic_(&traffic) {}

 private:
  friend class beast::rate_policy_access;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  std::size_t available_read_bytes() const noexcept { return kAll; }
  std::size_t available_write_bytes() const noexcept { return kAll; }
  void transfer_read_bytes(std::size_t count) noexcept {
    activity_->input = Clock::now();
    traffic_->bytes_received.record(static_cast<double>(count));
  }
  void transfer_write_bytes(std::size_t count) noexcept {
    activity_->output = Clock::now();
    traffic_->bytes_sent.record(static_cast<double>(count));
  }
  void on_timer() noexcept {}

  Activity* activity_;
  const Traffic* traffic_;
};

using Stream = beast::basic_stream<tcp, asio::any_io_executor, Meter>;

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

class Session : public WebSocketSession, public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, Admission::Ticket ticket, WebSocketEnvironment& environment, WebSocketTarget target,
          FrameHandler& handler);

  void start() override;
  void limit_messages(std::uint64_t message_bytes_max) override {
    stream_.read_message_max(static_cast<std::size_t>(message_bytes_max));
  }
  void send(std::string_view message) override;
  void send_part(std::string_view head, Frame loaned) override;
  void flush() override;
  void close(CloseReason reason, std::string_view detail) override;
  std::uint64_t output_bytes() const noexcept override { return output_bytes_; }
  const std::string& peer() const noexcept override { return peer_; }

 protected:
  // The upgrade ends with one of these two.
  void open();
  void fail(const error_code& error, const std::string& doing);

  virtual void upgrade() = 0;

  const WebSocketLimits& limits() const noexcept { return environment_.limits; }
  bool closed() const noexcept { return closed_; }

 private:
  struct Message {
    OutputQueue bytes;
    bool of_parts = false;
  };

  void read();
  void on_read(const error_code& error);
  void write();
  void on_written(const error_code& error);
  void watch();
  void look();
  void ping();

  Activity activity_;

 protected:
  const WebSocketTarget target_;
  websocket::stream<Stream, false> stream_;

 private:
  Admission::Ticket ticket_;
  WebSocketEnvironment& environment_;
  FrameHandler* handler_;
  const std::string peer_;
  asio::steady_timer timer_;
  bool open_ = false;
  bool closed_ = false;
  bool writing_ = false;
  bool pinging_ = false;                    // a ping is on its way to the operating system
  std::optional<Clock::time_point> asked_;  // when a ping left that nothing has come after
  beast::flat_buffer input_;
  // output_bytes_ is the sum of what is in waiting_ and, while writing_, in written_.
  std::deque<Message> waiting_;
  Message written_;
  std::vector<asio::const_buffer> buffers_;  // of written_
  std::uint64_t output_bytes_ = 0;
};

Session::Session(Socket socket, Admission::Ticket ticket, WebSocketEnvironment& environment, WebSocketTarget target,
                 FrameHandler& handler)
    : target_(std::move(target)),
      stream_(Meter(activity_, environment.traffic), std::move(socket)),
      ticket_(std::move(ticket)),
      environment_(environment),
      handler_(&handler),
      peer_(text_of_peer(stream_.next_layer().socket())),
      timer_(stream_.get_executor()) {
  stream_.set_option(websocket::stream_base::timeout{.handshake_timeout = environment.limits.handshake_timeout,
                                                     .idle_timeout = websocket::stream_base::none(),
                                                     .keep_alive_pings = false});
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
  if (writing_ && now - activity_.output >= limits().answer_timeout) return close(CloseReason::kIdle, {});
  if (asked_ && now - *asked_ >= limits().answer_timeout) {
    return close(CloseReason::kIdle, "the peer answered no ping");
  }
  if (!asked_ && !pinging_ && now - activity_.input >= limits().ping_interval) ping();
}

// While a message is being sent the ping waits for its end, and its time counts from then.
void Session::ping() {
  pinging_ = true;
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
    const websocket::close_reason goodbye(code_of(reason),
                                          beast::string_view(detail.data(), std::min<std::size_t>(detail.size(), 120)));
    stream_.async_close(goodbye, [self](const error_code&) { self->stream_.next_layer().close(); });
  } else {
    stream_.next_layer().close();
  }
  FrameHandler* const handler = std::exchange(handler_, nullptr);
  handler->on_closed({reason, std::string(detail), 0});
}

class DialledSession final : public Session {
 public:
  using Session::Session;

 private:
  void upgrade() override;
  void on_answer(const error_code& error);

  websocket::response_type answer_;
};

void DialledSession::upgrade() {
  stream_.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
    request.set(http::field::user_agent, "tenon");
    request.set(http::field::sec_websocket_protocol, target_.subprotocol);
  }));
  stream_.async_handshake(answer_, target_.host, target_.path,
                          [self = std::static_pointer_cast<DialledSession>(shared_from_this())](
                              const error_code& error) { self->on_answer(error); });
}

void DialledSession::on_answer(const error_code& error) {
  if (closed()) return;
  if (error == websocket::error::upgrade_declined) {
    return close(CloseReason::kRefused, "HTTP " + std::to_string(answer_.result_int()) + " " +
                                            std::string(answer_.reason()) + " came in answer to the upgrade");
  }
  if (error) return fail(error, "asking for an upgrade");
  if (answer_[http::field::sec_websocket_protocol] != target_.subprotocol) {
    return close(CloseReason::kRefused, "what answers there does not speak " + target_.subprotocol);
  }
  open();
}

class AcceptedSession final : public Session {
 public:
  using Session::Session;

 private:
  using Request = http::request<http::empty_body>;
  struct Refused {
    http::status status;
    std::string why;
  };

  void upgrade() override;
  void on_request(const error_code& error);
  std::optional<Refused> judge(const Request& request) const;
  void refuse(const Refused& refused);
  std::shared_ptr<AcceptedSession> self() { return std::static_pointer_cast<AcceptedSession>(shared_from_this()); }

  beast::flat_buffer room_{kHeaderBytesMax};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> refusal_;
};

void AcceptedSession::upgrade() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(boost::none);  // a body is not read
  stream_.next_layer().expires_after(limits().handshake_timeout);
  http::async_read_header(stream_.next_layer(), room_, *parser_,
                          [self = self()](const error_code& error, std::size_t) { self->on_request(error); });
}

void AcceptedSession::on_request(const error_code& error) {
  if (closed()) return;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return close(CloseReason::kFrameTooLarge,
                 "an HTTP header is above the limit of " + std::to_string(kHeaderBytesMax) + " bytes");
  }
  if (error) return fail(error, "reading an HTTP request");
  const std::optional<Refused> refused = judge(parser_->get());
  if (refused) return refuse(*refused);
  stream_.next_layer().expires_never();
  stream_.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
    response.set(http::field::server, "tenon");
    response.set(http::field::sec_websocket_protocol, target_.subprotocol);
  }));
  stream_.async_accept(parser_->get(), [self = self()](const error_code& failure) {
    if (self->closed()) return;
    if (failure) return self->fail(failure, "accepting an upgrade");
    self->open();
  });
}

std::optional<AcceptedSession::Refused> AcceptedSession::judge(const Request& request) const {
  const std::string path(request.target());
  if (!websocket::is_upgrade(request)) {
    return Refused{http::status::upgrade_required, "the request asks for no WebSocket"};
  }
  if (request.count(http::field::origin) != 0) {
    return Refused{http::status::forbidden, "the request comes from a page of a browser"};
  }
  if (path != target_.path) return Refused{http::status::not_found, "the path is not " + target_.path};
  if (request[http::field::sec_websocket_protocol] != target_.subprotocol) {
    return Refused{http::status::bad_request, "the request does not ask for the subprotocol " + target_.subprotocol};
  }
  return std::nullopt;
}

void AcceptedSession::refuse(const Refused& refused) {
  refusal_.version(11);
  refusal_.result(refused.status);
  refusal_.set(http::field::content_type, "text/plain");
  if (refused.status == http::status::upgrade_required) refusal_.set(http::field::upgrade, "websocket");
  refusal_.keep_alive(false);
  refusal_.body() = refused.why + "\n";
  refusal_.prepare_payload();
  http::async_write(stream_.next_layer(), refusal_, [self = self(), why = refused.why](const error_code&, std::size_t) {
    error_code ignored;
    self->stream_.next_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
    self->close(CloseReason::kMalformed, why);
  });
}

}  // namespace

std::shared_ptr<WebSocketSession> WebSocketSession::dialled(Socket socket, Admission::Ticket ticket,
                                                            WebSocketEnvironment& environment, WebSocketTarget target,
                                                            FrameHandler& handler) {
  return std::make_shared<DialledSession>(std::move(socket), std::move(ticket), environment, std::move(target),
                                          handler);
}

std::shared_ptr<WebSocketSession> WebSocketSession::accepted(Socket socket, Admission::Ticket ticket,
                                                             WebSocketEnvironment& environment, WebSocketTarget target,
                                                             FrameHandler& handler) {
  return std::make_shared<AcceptedSession>(std::move(socket), std::move(ticket), environment, std::move(target),
                                           handler);
}

}  // namespace tenon::net
