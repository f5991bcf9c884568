// SPDX-License-Identifier: MIT
#include "router.hpp"

#include <algorithm>

#include "handlers.hpp"

namespace tenon::api_http {

namespace {

constexpr std::string_view kRead[] = {"consistency", "max_age", "timeout", "forward"};
constexpr std::string_view kPut[] = {"ttl", "expires_at_ms", "keep_expiry", "return_previous", "timeout", "forward"};
constexpr std::string_view kDelete[] = {"return_previous", "timeout", "forward"};
constexpr std::string_view kScan[] = {"prefix", "start", "end",     "match",   "limit",   "limit_bytes", "cursor",
                                      "keys",   "count", "reverse", "max_age", "timeout", "forward",     "consistency"};
constexpr std::string_view kProbe[] = {"verbose", "exclude"};
constexpr std::string_view kMixed[] = {"consistency", "max_age", "timeout", "forward"};
constexpr std::string_view kOpenSession[] = {"ttl", "timeout"};
constexpr std::string_view kTimeout[] = {"timeout"};
constexpr std::string_view kWatch[] = {"prefix", "key", "from_revision", "return_previous", "timeout"};
constexpr std::string_view kCompatible[] = {"key"};
constexpr std::string_view kMoved[] = {"from", "since"};

// What a page of another origin may send beside what every page may.
constexpr std::string_view kTaken =
    "Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-ID";
constexpr std::string_view kPreflightSeconds = "600";  // that a browser need not ask again

constexpr Route kRoutes[] = {
    {Verb::get, "/v1/kv/", get_key, kRead, true},
    {Verb::put, "/v1/kv/", put_key, kPut, true},
    {Verb::delete_, "/v1/kv/", delete_key, kDelete, true},
    {Verb::get, "/v1/kv", scan_keys, kScan, true},
    {Verb::post, "/v1/txn", run_transaction, kMixed, true},
    {Verb::post, "/v1/batch", run_batch, kMixed, true},
    {Verb::post, "/v1/sessions", open_session, kOpenSession, true},
    {Verb::post, "/v1/sessions/", keep_session, kTimeout, true},
    {Verb::delete_, "/v1/sessions/", close_session, kTimeout, true},
    {Verb::get, "/v1/watch", watch_keys, kWatch, true},
    {Verb::post, "/v1/channels/", publish, kTimeout, true},
    {Verb::get, "/v1/cluster", tell_cluster, {}, true},
    {Verb::get, "/v1/slow_operations", tell_slow_operations, {}, true},
    {Verb::get, kLivePath, open_live, {}, true, Shown::kAlways, Origins::kAny},
    {Verb::get, "/", show_dashboard, kMoved, true},
    {Verb::get, "/dashboard/", show_dashboard_file, {}, true},
    {Verb::get, "/livez", tell_live, kProbe, false},
    {Verb::get, "/readyz", tell_ready, kProbe, false},
    {Verb::get, "/version", tell_version, {}, false},
    {Verb::get, "/openapi.json", tell_description, {}, false},
    {Verb::get, "/metrics", tell_metrics, {}, false},
    {Verb::put, "/set", set_compatible, {}, true, Shown::kForCompatibility},
    {Verb::get, "/get", get_compatible, kCompatible, true, Shown::kForCompatibility},
    {Verb::delete_, "/delete", delete_compatible, kCompatible, true, Shown::kForCompatibility},
    {Verb::get, "/health", tell_health, {}, true, Shown::kForCompatibility},
    {Verb::get, "/raft/status", tell_raft_status, {}, true, Shown::kForCompatibility},
};

bool takes_rest(const Route& route) noexcept { return route.path.size() > 1 && route.path.ends_with('/'); }

bool is_shown(const Route& route, const Settings& settings) noexcept {
  return route.shown == Shown::kAlways || settings.compatibility;
}

bool matches(const Route& route, std::string_view path) noexcept {
  if (!takes_rest(route)) return path == route.path;
  return path.size() > route.path.size() && path.starts_with(route.path);
}

Failure unknown_path() {
  return {404, "unknown_path", "there is nothing at this path; /openapi.json lists what there is"};
}

std::string listed(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
  return list.empty() ? "none" : list;
}

void require_known(const Target& target, const Route& route) {
  for (const Parameter& one : target.parameters) {
    if (std::find(route.parameters.begin(), route.parameters.end(), one.name) != route.parameters.end()) continue;
    refuse("found a parameter that this path does not have; it has " + listed(route.parameters), "unknown_parameter");
  }
}

// The methods of the path, with commas between; empty: there is none.
std::string allowed_methods(std::string_view path, const Settings& settings) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!is_shown(route, settings) || !matches(route, path)) continue;
    const auto name = boost::beast::http::to_string(route.verb);
    allowed.append(allowed.empty() ? "" : ", ").append(name.data(), name.size());
    if (route.verb == Verb::get) allowed += ", HEAD";
  }
  return allowed;
}

// What a browser asks before it sends what a page of another origin wants: a CORS-preflight request of the Fetch
// standard. Of an origin that is not listed it is a request for a method that no path has.
bool is_preflight(const Service& service, const Request& request) {
  return request.verb == Verb::options && request.field(FieldName::access_control_request_method) &&
         is_shared(service, request);
}

void answer_preflight(const Service& service, Exchange& exchange) {
  require_provenance(service, exchange.request(), Named::kMust, Origins::kKnown);
  const std::string allowed = allowed_methods(exchange.target().path, service.settings);
  if (allowed.empty()) throw Refused{unknown_path()};
  Response response{204, kTextType, {}, field_line("Access-Control-Allow-Methods", allowed)};
  response.fields += field_line("Access-Control-Allow-Headers", kTaken);
  response.fields += field_line("Access-Control-Max-Age", kPreflightSeconds);
  exchange.respond(response);
}

void serve_or_throw(Service& service, const std::shared_ptr<Exchange>& exchange) {
  exchange->set_fields(sharing_fields(service, exchange->request()));
  auto parsed = parse_target(exchange->request().target, service.settings.parameters_max);
  if (auto* failure = std::get_if<Failure>(&parsed)) throw Refused{std::move(*failure)};
  exchange->set_target(std::get<Target>(std::move(parsed)));
  const Target& target = exchange->target();
  if (is_preflight(service, exchange->request())) return answer_preflight(service, *exchange);
  auto found = find_route(exchange->request().verb, target.path, service.settings);
  if (auto* failure = std::get_if<Failure>(&found)) throw Refused{std::move(*failure)};
  const Route& route = *std::get<const Route*>(found);
  require_provenance(service, exchange->request(), route.is_private ? Named::kMust : Named::kAnyhow, route.origins);
  require_known(target, route);
  if (takes_rest(route)) {
    exchange->set_rest(percent_decoded(std::string_view(target.path).substr(route.path.size())).value_or(""));
  }
  route.handler(service, exchange);
}

}  // namespace

std::span<const Route> routes() noexcept { return kRoutes; }

std::variant<const Route*, Failure> find_route(Verb verb, std::string_view path, const Settings& settings) {
  const Verb wanted = verb == Verb::head ? Verb::get : verb;
  for (const Route& route : kRoutes) {
    if (is_shown(route, settings) && matches(route, path) && route.verb == wanted) return &route;
  }
  const std::string allowed = allowed_methods(path, settings);
  if (verb == Verb::unknown) return Failure{501, "unknown_method", "the method of the request is not known here"};
  if (allowed.empty()) return unknown_path();
  Failure failure{405, "method_not_allowed", "this path has " + allowed};
  failure.fields = field_line("Allow", allowed);
  return failure;
}

void serve(Service& service, const std::shared_ptr<Exchange>& exchange) {
  try {
    serve_or_throw(service, exchange);
  } catch (const Refused& refused) {
    exchange->fail(refused.failure);
  }
}

}  // namespace tenon::api_http
