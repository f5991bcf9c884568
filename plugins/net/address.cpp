// SPDX-License-Identifier: MIT
#include "net/address.hpp"

#include "tenon/host.hpp"
#include "tenon/option.hpp"

namespace tenon::net {

namespace {

Address parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto refuse = [&](const char* why) {
    throw Error(TENON_ERROR_INVALID,
                "address \"" + std::string(text) + "\": " + why + "; expected host:port, for example 127.0.0.1:7101");
  };
  if (colon == std::string_view::npos) refuse("there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    refuse("an IPv6 host stands in brackets");
  }
  if (host.empty()) refuse("there is no host");
  const auto number = parse_integer(port);
  if (!number || *number < 0 || *number > 65535) refuse("the port is not a number from 0 to 65535");
  return {std::string(host), std::string(port)};
}

}  // namespace

std::vector<Address> parse_addresses(std::string_view text) {
  std::vector<Address> addresses;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string_view part = text.substr(from, comma - from);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    addresses.push_back(parse_address(part));
    from = comma + 1;
  }
  return addresses;
}

}  // namespace tenon::net
