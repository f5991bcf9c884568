// SPDX-License-Identifier: MIT
#include "websocket_transport.hpp"

#include <algorithm>

#include "websocket_protocol.hpp"

namespace tenon::transport_websocket {

namespace {

constexpr std::size_t kPathBytesMax = 1024;

net::NetworkSettings read_settings(const Host& host) {
  net::NetworkSettings settings = net::read_network_settings(host);
  settings.connections_per_address_max = net::integer_option(host, "connections_per_address_max");
  return settings;
}

// What an HTTP request line can name without escapes.
std::string check_path(std::string_view path, const std::string& what) {
  const bool is_path = path.starts_with('/') && path.size() <= kPathBytesMax &&
                       std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
  if (!is_path) {
    throw Error(TENON_ERROR_INVALID, what + " has a path that is not one: it begins with a slash, has at most " +
                                         std::to_string(kPathBytesMax) +
                                         " bytes, and no space, # or byte that is not ASCII; escape those as %20");
  }
  return std::string(path);
}

}  // namespace

WebSocketTransport::WebSocketTransport(Host host)
    : PeerTransport(host, "websocket", read_settings(host)),
      ping_interval_(net::milliseconds_option(host, "ping_interval")),
      path_(check_path(host.option("path"), "option path")) {}

std::unique_ptr<net::PeerProtocol> WebSocketTransport::make_protocol(const net::Traffic& traffic) const {
  const net::DialSettings& dial = settings().dial;
  return std::make_unique<WebSocketProtocol>(ConnectionSettings{.connect_timeout = dial.connect_timeout,
                                                                .ping_interval = ping_interval_,
                                                                .send_timeout = dial.send_timeout,
                                                                .path = path_},
                                             traffic);
}

std::vector<net::PeerAddress> WebSocketTransport::parse_peer_addresses(std::string_view text) const {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string path = slash == text.size() ? "/" : check_path(text.substr(slash), "address " + std::string(text));
  std::vector<net::PeerAddress> addresses;
  for (net::Address& endpoint : net::parse_addresses(text.substr(0, slash))) {
    addresses.push_back({std::move(endpoint), path});
  }
  return addresses;
}

}  // namespace tenon::transport_websocket
