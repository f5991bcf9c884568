// SPDX-License-Identifier: MIT
// How a session begins: an HTTP request for an upgrade, and its answer.
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "session.hpp"

namespace tenon::net {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;  // of an HTTP request or answer

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
