// SPDX-License-Identifier: MIT
// How the other side of a connection is named to people.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace tenon::net {

// As host:port, an IPv6 host in brackets.
inline std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

inline std::string text_of_peer(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const boost::asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? "a peer that is gone" : text_of(peer);
}

}  // namespace tenon::net
