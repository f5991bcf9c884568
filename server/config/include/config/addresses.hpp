// SPDX-License-Identifier: MIT
// Addresses of nodes as options spell them: URLs of the form SCHEME://HOST:PORT[/PATH], an IPv6 host in brackets.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tenon::config {

constexpr std::size_t kAddressesMax = 16;  // of one node
constexpr std::size_t kAddressBytesMax = 256;

// Whether `text` has that form: a scheme of a-z 0-9 _ -, a host, a port from 1 to 65535, at most kAddressBytesMax
// printable ASCII characters in all, none of them a space, a comma or '|'.
bool is_url(std::string_view text) noexcept;

// The scheme of a URL. Needs: is_url().
std::string_view scheme_of(std::string_view url) noexcept;

// Whether the host of a URL stands for every address of a machine, 0.0.0.0 for one: a place to listen at, and none to
// connect to. Needs: is_url().
bool has_wildcard_host(std::string_view url) noexcept;

// The URL that clients reach a client API under, from its option `listen`, host:port[,host:port]: the first that names
// a host and a port. nullopt: there is none.
std::optional<std::string> url_of_listen(std::string_view client_api, std::string_view listen);

}  // namespace tenon::config
