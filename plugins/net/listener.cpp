// SPDX-License-Identifier: MIT
#include "net/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <chrono>

#include "close_on_exec.hpp"
#include "socket_text.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// How long no connection is taken after the operating system had no descriptor or memory for one: long enough not to
// spin, short enough that a client that waits does not notice much.
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

Listener::Listener(asio::io_context& context, const std::vector<Address>& addresses, Admission& admission,
                   Accept accept, Refuse refuse)
    : context_(context), admission_(admission), accept_(std::move(accept)), refuse_(std::move(refuse)) {
  tcp::resolver resolver(context);
  for (const Address& address : addresses) {
    error_code error;
    const auto found = resolver.resolve(address.host, address.port, tcp::resolver::passive, error);
    if (error) {
      throw Error(TENON_ERROR_IO, "cannot listen on " + address.host + ":" + address.port + ": " + error.message());
    }
    for (const auto& entry : found) bind(entry.endpoint());
  }
}

void Listener::bind(const tcp::endpoint& endpoint) {
  const auto one = std::make_shared<Socketed>(context_);
  try {
    one->acceptor.open(endpoint.protocol());
    close_on_exec(one->acceptor.native_handle());
    one->acceptor.set_option(asio::socket_base::reuse_address(true));
    // Without this an IPv6 wildcard would take the IPv4 port as well, and the order of the list would matter.
    if (endpoint.address().is_v6()) one->acceptor.set_option(asio::ip::v6_only(true));
    one->acceptor.bind(endpoint);
    one->acceptor.listen(asio::socket_base::max_listen_connections);
  } catch (const boost::system::system_error& error) {
    throw Error(TENON_ERROR_IO, "cannot listen on " + text_of(endpoint) + ": " + error.code().message());
  }
  listening_.push_back(one);
}

void Listener::start() {
  for (const auto& one : listening_) accept_next(one);
}

void Listener::close() {
  for (const auto& one : listening_) {
    error_code ignored;
    one->acceptor.close(ignored);
    one->pause.cancel();
  }
}

std::vector<std::string> Listener::local_addresses() const {
  std::vector<std::string> addresses;
  for (const auto& one : listening_) addresses.push_back(text_of(one->acceptor.local_endpoint()));
  return addresses;
}

void Listener::accept_next(const std::shared_ptr<Socketed>& one) {
  one->acceptor.async_accept([this, one](const error_code& error, Socket socket) {
    if (!one->acceptor.is_open()) return;
    if (!error) {
      take(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      return pause(one, error.message());
    }
    accept_next(one);
  });
}

void Listener::take(Socket socket) {
  close_on_exec(socket.native_handle());
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return;  // it is already gone
  std::optional<Admission::Ticket> ticket = admission_.admit(peer.address().to_string());
  if (!ticket) return refuse_("refused a connection from " + text_of(peer) + ": there are as many as there may be");
  socket.set_option(tcp::no_delay(true), error);
  if (!error) socket.non_blocking(true, error);
  if (error) return refuse_("refused a connection from " + text_of(peer) + ": " + error.message());
  accept_(std::move(socket), std::move(*ticket));
}

void Listener::pause(const std::shared_ptr<Socketed>& one, const std::string& why) {
  refuse_("cannot take connections for a moment: " + why);
  one->pause.expires_after(kPause);
  one->pause.async_wait([this, one](const error_code& error) {
    if (!error && one->acceptor.is_open()) accept_next(one);
  });
}

}  // namespace tenon::net
