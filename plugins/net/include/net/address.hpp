// SPDX-License-Identifier: MIT
// Addresses as options spell them: host:port[,host:port], an IPv6 host in brackets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::net {

struct Address {
  std::string host;  // a name or a number, without brackets
  std::string port;  // decimal, 0 to 65535; 0 lets the operating system choose
};

// Throws Error(INVALID) that says which part of `text` is wrong, also when there is none.
std::vector<Address> parse_addresses(std::string_view text);

}  // namespace tenon::net
