// SPDX-License-Identifier: MIT
#include "http_api.hpp"

#include <algorithm>

#include "server.hpp"
#include "tenon/option.hpp"

namespace tenon::api_http {

namespace {

template <class Value>
Value required(const char* name, std::optional<Value> value) {
  if (!value) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " has no readable value");
  return *value;
}

std::uint64_t count_option(const Host& host, const char* name) {
  return static_cast<std::uint64_t>(required(name, parse_integer(host.option(name))));
}

std::uint64_t size_option(const Host& host, const char* name) { return required(name, parse_size(host.option(name))); }

std::chrono::milliseconds duration_option(const Host& host, const char* name) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(required(name, parse_duration(host.option(name))));
}

// Words between commas; spaces around them are left out.
std::vector<std::string> list_option(const Host& host, const char* name) {
  std::vector<std::string> list;
  const char* text = host.find_option(name);
  std::string_view rest = text == nullptr ? std::string_view() : std::string_view(text);
  while (!rest.empty()) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) list.emplace_back(item);
  }
  return list;
}

ConnectionLimits connection_limits(const Host& host) {
  return {
      .request = {.header_bytes_max = static_cast<std::uint32_t>(size_option(host, "header_bytes_max")),
                  .header_fields_max = count_option(host, "header_fields_max"),
                  .body_bytes_max = size_option(host, "body_bytes_max")},
      .header_timeout = duration_option(host, "header_timeout"),
      .body_timeout = duration_option(host, "body_timeout"),
      .idle_timeout = duration_option(host, "idle_timeout"),
      .output_bytes_max = size_option(host, "output_bytes_max"),
      .pipelined_requests_max = count_option(host, "pipelined_requests_max"),
  };
}

LiveLimits live_limits(const Host& host) {
  return {
      .upgrade_field_bytes_max = size_option(host, "upgrade_field_bytes_max"),
      .message_bytes_max = size_option(host, "message_bytes_max"),
      .subscriptions_max = count_option(host, "subscriptions_max"),
      .output_bytes_max = size_option(host, "events_bytes_max"),
      .rpc = {.json_depth_max = count_option(host, "json_depth_max"),
              .calls_max = count_option(host, "calls_max"),
              .id_bytes_max = size_option(host, "id_bytes_max")},
  };
}

}  // namespace

struct HttpApi::Options {
  explicit Options(const Host& host)
      : settings{
            .listen = net::parse_addresses(host.option("listen")),
            .connections_max = count_option(host, "connections_max"),
            .connections_per_address_max = count_option(host, "connections_per_address_max"),
            .connection = connection_limits(host),
            .buffer_bytes_max = size_option(host, "buffer_bytes_max"),
            .queue_depth = count_option(host, "queue_depth"),
            .parameters_max = count_option(host, "parameters_max"),
            .json_depth_max = count_option(host, "json_depth_max"),
            .hosts = list_option(host, "hosts"),
            .origins = list_option(host, "origins"),
            .live = live_limits(host),
            .dashboard = required("dashboard", parse_boolean(host.option("dashboard"))),
            .dashboard_writes = required("dashboard_writes", parse_boolean(host.option("dashboard_writes"))),
            .compatibility = required("compatibility", parse_boolean(host.option("compatibility"))),
        } {
    const RequestLimits& request = settings.connection.request;
    if (settings.buffer_bytes_max < 2 * (request.body_bytes_max + request.header_bytes_max)) {
      throw Error(TENON_ERROR_INVALID,
                  "buffer_bytes_max is less than twice body_bytes_max and header_bytes_max together: no request of "
                  "that size could be taken; raise buffer_bytes_max or lower the others");
    }
  }

  const Settings settings;
};

HttpApi::HttpApi(Host host) : ClientApi(host), options_(std::make_unique<const Options>(host)) {}

HttpApi::~HttpApi() = default;

void HttpApi::start() {
  const Settings& settings = options_->settings;
  server_ = std::make_unique<Server>(host(), settings, create_queue(settings.queue_depth),
                                     create_queue(settings.queue_depth));
}

void HttpApi::drain(std::uint64_t timeout_ms) {
  // A day stands for ever, and keeps the sum of clocks from overflowing.
  constexpr std::uint64_t kDayMs = 24ull * 60 * 60 * 1000;
  if (server_) server_->drain(std::chrono::milliseconds(std::min(timeout_ms, kDayMs)));
}

void HttpApi::stop() { server_.reset(); }

}  // namespace tenon::api_http
