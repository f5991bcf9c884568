// SPDX-License-Identifier: MIT
// Where a node serves the Thrift API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::client {

inline constexpr std::size_t kEndpointsMax = 64;  // of a list

struct Endpoint {
  std::string host;  // a name or an address, an IPv6 address without its brackets
  std::uint16_t port = 0;

  // As it is written in a list: "localhost:7101", "[::1]:7101".
  std::string text() const;
  bool operator==(const Endpoint&) const = default;
};

// Parses "host:port[,host:port..]". Throws std::invalid_argument that names the item for one without host or without a
// port of 1 to 65535, and for more than kEndpointsMax. The result is never empty.
std::vector<Endpoint> parse_endpoints(std::string_view list);

}  // namespace tenon::client
