// SPDX-License-Identifier: MIT
#include "net/connector.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "close_on_exec.hpp"
#include "tenon/check.hpp"
#include "tenon/option.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

std::shared_ptr<Connector> Connector::connect(asio::io_context& context, const Address& address, Done done) {
  auto made = std::make_shared<Connector>(context, std::move(done));
  made->begin(address);
  return made;
}

Connector::Connector(asio::io_context& context, Done done)
    : resolver_(context), socket_(context), done_(std::move(done)) {}

void Connector::begin(const Address& address) {
  // A number needs no name server, so that it neither waits for one nor for its thread.
  error_code error;
  const asio::ip::address number = asio::ip::make_address(address.host, error);
  if (!error) {
    const auto port = parse_integer(address.port);
    TENON_CHECK(port && *port >= 0 && *port <= 65535);
    endpoints_.emplace_back(number, static_cast<std::uint16_t>(*port));
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->try_next(); });
    return;
  }
  resolver_.async_resolve(
      address.host, address.port, tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& failure, const tcp::resolver::results_type& found) {
        if (!self->done_) return;
        if (failure) return self->finish("the name cannot be looked up: " + failure.message());
        for (const auto& entry : found) self->endpoints_.push_back(entry.endpoint());
        self->try_next();
      });
}

void Connector::try_next() {
  if (!done_) return;
  if (tried_ == endpoints_.size()) return finish(failure_);
  const Endpoint& endpoint = endpoints_[tried_++];
  error_code opening;
  socket_.close(opening);
  socket_.open(endpoint.protocol(), opening);
  if (opening) {
    failure_ = opening.message();
    return try_next();
  }
  close_on_exec(socket_.native_handle());
  socket_.async_connect(endpoint, [self = shared_from_this()](error_code error) {
    if (!self->done_) return;
    if (!error) self->socket_.set_option(tcp::no_delay(true), error);
    if (!error) self->socket_.non_blocking(true, error);
    if (!error) return self->finish({});
    self->failure_ = error.message();
    self->try_next();
  });
}

void Connector::finish(const std::string& failure) {
  const Done done = std::exchange(done_, nullptr);
  done(std::move(socket_), failure);
}

void Connector::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace tenon::net
