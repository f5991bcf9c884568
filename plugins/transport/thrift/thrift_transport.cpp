// SPDX-License-Identifier: MIT
#include "thrift_transport.hpp"

#include "thrift_protocol.hpp"

namespace tenon::transport_thrift {

ThriftTransport::ThriftTransport(Host host) : PeerTransport(host, "thrift", net::read_network_settings(host)) {}

std::unique_ptr<net::PeerProtocol> ThriftTransport::make_protocol(const net::Traffic& traffic) const {
  return std::make_unique<ThriftProtocol>(settings().dial.send_timeout, traffic);
}

std::vector<net::PeerAddress> ThriftTransport::parse_peer_addresses(std::string_view text) const {
  std::vector<net::PeerAddress> addresses;
  for (net::Address& address : net::parse_addresses(text)) addresses.push_back({std::move(address), {}});
  return addresses;
}

}  // namespace tenon::transport_thrift
