// SPDX-License-Identifier: MIT
#include "config/addresses.hpp"

#include <algorithm>

#include "ini.hpp"
#include "tenon/option.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kAfterScheme = "://";

// HOST:PORT of HOST:PORT[/PATH].
std::string_view place_of(std::string_view url) noexcept {
  url.remove_prefix(url.find(kAfterScheme) + kAfterScheme.size());
  return url.substr(0, url.find('/'));
}

std::string_view host_of(std::string_view place) noexcept { return place.substr(0, place.rfind(':')); }

// With an IPv6 host in brackets, so that its own colons are not taken for the one before the port.
bool is_place(std::string_view place) noexcept {
  const std::size_t colon = place.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = place.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!is_bracketed && host.find_first_of(":[]") != std::string_view::npos) return false;
  const std::optional<std::int64_t> port = parse_integer(place.substr(colon + 1));
  return port && *port >= 1 && *port <= 65535;
}

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
  });
}

}  // namespace

bool is_url(std::string_view text) noexcept {
  const std::size_t scheme_end = text.find(kAfterScheme);
  if (text.size() > kAddressBytesMax || scheme_end == std::string_view::npos) return false;
  const bool is_printable = std::all_of(text.begin(), text.end(), [](char letter) {
    return letter > ' ' && letter <= '~' && letter != ',' && letter != '|';
  });
  return is_printable && is_scheme(text.substr(0, scheme_end)) && is_place(place_of(text));
}

std::string_view scheme_of(std::string_view url) noexcept { return url.substr(0, url.find(kAfterScheme)); }

bool has_wildcard_host(std::string_view url) noexcept {
  const std::string_view host = host_of(place_of(url));
  return host == "0.0.0.0" || host == "*" || host == "[::]" || host == "[0:0:0:0:0:0:0:0]";
}

std::optional<std::string> url_of_listen(std::string_view client_api, std::string_view listen) {
  while (true) {
    const std::size_t end = listen.find(',');
    std::string url = std::string(client_api) + std::string(kAfterScheme) + std::string(trimmed(listen.substr(0, end)));
    if (is_url(url) && !has_wildcard_host(url)) return url;
    if (end == std::string_view::npos) return std::nullopt;
    listen.remove_prefix(end + 1);
  }
}

}  // namespace tenon::config
