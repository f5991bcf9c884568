// SPDX-License-Identifier: MIT
#include "tenon_client/endpoint.hpp"

#include <charconv>
#include <stdexcept>

namespace tenon::client {
namespace {

[[noreturn]] void refuse(std::string_view item) {
  throw std::invalid_argument("found the endpoint '" + std::string(item) +
                              "', expected host:port with a port of 1 to 65535, as in 127.0.0.1:7101 or [::1]:7101");
}

Endpoint parse_endpoint(std::string_view item) {
  const std::size_t colon = item.rfind(':');
  if (colon == std::string_view::npos) refuse(item);
  std::string_view host = item.substr(0, colon);
  const std::string_view port_text = item.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    refuse(item);
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool whole = error == std::errc() && end == port_text.data() + port_text.size();
  if (!whole || port == 0 || host.empty() || host.find_first_of(" \t\n") != std::string_view::npos) refuse(item);
  return {std::string(host), port};
}

}  // namespace

std::string Endpoint::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<Endpoint> parse_endpoints(std::string_view list) {
  std::vector<Endpoint> endpoints;
  while (true) {
    const std::size_t comma = list.find(',');
    if (endpoints.size() == kEndpointsMax) {
      throw std::invalid_argument("found more than " + std::to_string(kEndpointsMax) + " endpoints; give fewer");
    }
    endpoints.push_back(parse_endpoint(list.substr(0, comma)));
    if (comma == std::string_view::npos) return endpoints;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace tenon::client
