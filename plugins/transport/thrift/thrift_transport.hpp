// SPDX-License-Identifier: MIT
// The transport plugin whose frames are one-way Thrift calls.
#pragma once

#include "net/peer/peer_transport.hpp"

namespace tenon::transport_thrift {

// Reads its options when it is made; the manifest in plugin.cpp declares them and their bounds. Its addresses are
// thrift://host:port.
class ThriftTransport final : public net::PeerTransport {
 public:
  explicit ThriftTransport(Host host);

 private:
  std::unique_ptr<net::PeerProtocol> make_protocol(const net::Traffic& traffic) const override;
  std::vector<net::PeerAddress> parse_peer_addresses(std::string_view text) const override;
};

}  // namespace tenon::transport_thrift
