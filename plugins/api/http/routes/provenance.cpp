// SPDX-License-Identifier: MIT
#include "provenance.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <optional>

#include "exchange.hpp"

namespace tenon::api_http {

namespace {

using boost::beast::iequals;

// All fields that an answer of this plugin may have and that a page cannot read unless they are named.
constexpr std::string_view kExposed =
    "Allow, Date, ETag, Location, Retry-After, X-Request-ID, X-Tenon-Cluster-Time-Ms, X-Tenon-Create-Revision, "
    "X-Tenon-Expires-At-Ms, X-Tenon-Leader, X-Tenon-Revision, X-Tenon-Term, X-Tenon-Version";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return one == "*" || iequals(one, name); });
}

// The host of `host` or `host:port`, an IPv6 address with its brackets; nullopt: it is neither.
std::optional<std::string_view> name_of(std::string_view host) noexcept {
  const std::size_t end = host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  const std::string_view name = host.substr(0, end);
  const std::string_view port = host.substr(end);
  const bool is_port = port.empty() || (port.starts_with(':') && port.find_first_not_of(kDigits, 1) == port.npos);
  if (name.empty() || name.find_first_not_of(kLetters) != name.npos || !is_port) return std::nullopt;
  return name;
}

// A number cannot be made to point elsewhere, and nobody else's name ends with localhost.
bool is_safe(std::string_view name, const Service& service) {
  constexpr std::string_view kOwn = ".localhost";
  const bool is_number = name.starts_with('[') || name.find_first_not_of("0123456789.") == name.npos;
  const bool is_local = name.size() > kOwn.size() && iequals(name.substr(name.size() - kOwn.size()), kOwn);
  return is_number || is_local || iequals(name, "localhost") || iequals(name, service.machine_name) ||
         is_among(service.settings.hosts, name);
}

bool comes_from_elsewhere(const Request& request) {
  const auto origin = request.field(FieldName::origin);
  return origin && !is_origin_of(*origin, request.field(FieldName::host).value_or(""));
}

// With the port that the scheme has when none is said.
std::string with_port(std::string_view authority, bool is_secure) {
  const std::size_t end = authority.starts_with('[') ? authority.find(']') : 0;
  const bool has_port = end != authority.npos && authority.find(':', end) != authority.npos;
  return std::string(authority) + (has_port ? "" : is_secure ? ":443" : ":80");
}

}  // namespace

bool is_origin_of(std::string_view origin, std::string_view authority) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  const bool is_secure = iequals(origin.substr(0, kSecure.size()), kSecure);
  if (!is_secure && !iequals(origin.substr(0, kPlain.size()), kPlain)) return false;
  const std::string_view place = origin.substr(is_secure ? kSecure.size() : kPlain.size());
  return !place.empty() && iequals(with_port(place, is_secure), with_port(authority, is_secure));
}

bool is_foreign(const Service& service, const Request& request) {
  return comes_from_elsewhere(request) && !is_shared(service, request);
}

bool is_shared(const Service& service, const Request& request) {
  return comes_from_elsewhere(request) &&
         is_among(service.settings.origins, request.field(FieldName::origin).value_or(""));
}

std::string sharing_fields(const Service& service, const Request& request) {
  if (!is_shared(service, request)) return {};
  std::string fields = field_line("Access-Control-Allow-Origin", *request.field(FieldName::origin));
  fields += field_line("Access-Control-Expose-Headers", kExposed);
  return fields += "Vary: Origin\r\n";
}

void refuse_foreign() {
  refuse("the request comes from a page of another site; name that site in the option origins to let it",
         "foreign_origin", 403);
}

void require_provenance(const Service& service, const Request& request, Named named, Origins origins) {
  const std::size_t hosts = request.count(FieldName::host);
  if (hosts > 1 || (hosts == 0 && request.version == 11)) {
    refuse("the request has " + std::to_string(hosts) + " Host fields; expected one", "malformed_request");
  }
  const std::string_view host = request.field(FieldName::host).value_or("");
  if (origins == Origins::kKnown && is_foreign(service, request)) refuse_foreign();
  if (named == Named::kAnyhow || host.empty()) return;
  const std::optional<std::string_view> name = name_of(host);
  if (!name) refuse("the Host of the request is no host and port", "malformed_request");
  if (!is_safe(*name, service)) {
    refuse(
        "the request names this node by a name that it does not know, which is how a page of another site would reach "
        "it; put the name into the option hosts, or use an address of numbers",
        "misdirected", 421);
  }
}

}  // namespace tenon::api_http
