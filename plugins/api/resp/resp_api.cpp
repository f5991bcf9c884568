// SPDX-License-Identifier: MIT
#include "resp_api.hpp"

#include <algorithm>

#include "server.hpp"
#include "tenon/option.hpp"

namespace tenon::api_resp {

namespace {

template <class Value>
Value required(const char* name, std::optional<Value> value) {
  if (!value) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " has no readable value");
  return *value;
}

std::uint64_t count_option(const Host& host, const char* name) {
  return static_cast<std::uint64_t>(required(name, tenon::parse_integer(host.option(name))));
}

std::uint64_t size_option(const Host& host, const char* name) { return required(name, parse_size(host.option(name))); }

std::chrono::milliseconds duration_option(const Host& host, const char* name) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(required(name, parse_duration(host.option(name))));
}

Settings settings_of(const Host& host) {
  const char* const keyspace_events = host.find_option("notify_keyspace_events");
  return {
      .listen = net::parse_addresses(host.option("listen")),
      .connections_max = count_option(host, "connections_max"),
      .connections_per_address_max = count_option(host, "connections_per_address_max"),
      .channel = {.input_bytes_max = size_option(host, "query_buffer_bytes_max"),
                  .output_bytes_max = size_option(host, "output_bytes_max"),
                  .idle_timeout = duration_option(host, "idle_timeout")},
      .request = {.arguments_max = count_option(host, "arguments_max"),
                  .bulk_bytes_max = size_option(host, "bulk_bytes_max"),
                  .line_bytes_max = size_option(host, "inline_bytes_max")},
      .buffer_bytes_max = size_option(host, "buffer_bytes_max"),
      .pipelined_requests_max = count_option(host, "pipelined_requests_max"),
      .transaction_commands_max = count_option(host, "transaction_commands_max"),
      .transaction_bytes_max = size_option(host, "transaction_bytes_max"),
      .watched_keys_max = count_option(host, "watched_keys_max"),
      .subscriptions_max = count_option(host, "subscriptions_max"),
      .scan_cursors_max = count_option(host, "scan_cursors_max"),
      .queue_depth = count_option(host, "queue_depth"),
      .consistency =
          host.option("reads") == "lease" ? std::uint32_t{TENON_READ_LEASE} : std::uint32_t{TENON_READ_LINEARIZABLE},
      .redirect = host.option("redirect") == "moved" ? Redirect::kMoved : Redirect::kForward,
      .keyspace_events = keyspace_events == nullptr ? "" : keyspace_events,
  };
}

}  // namespace

struct RespApi::Options {
  explicit Options(const Host& host) : settings(settings_of(host)) {
    parse_wanted_events(settings.keyspace_events);
    if (settings.channel.input_bytes_max < settings.request.bulk_bytes_max) {
      throw Error(TENON_ERROR_INVALID,
                  "query_buffer_bytes_max is less than bulk_bytes_max: no argument of that size could be taken; raise "
                  "query_buffer_bytes_max or lower bulk_bytes_max");
    }
    if (settings.buffer_bytes_max < settings.channel.input_bytes_max) {
      throw Error(TENON_ERROR_INVALID,
                  "buffer_bytes_max is less than query_buffer_bytes_max: no client could use that much; raise "
                  "buffer_bytes_max or lower query_buffer_bytes_max");
    }
  }

  const Settings settings;
};

RespApi::RespApi(Host host) : ClientApi(host), options_(std::make_unique<const Options>(host)) {}

RespApi::~RespApi() = default;

void RespApi::start() {
  const Settings& settings = options_->settings;
  server_ = std::make_unique<Server>(host(), settings, create_queue(settings.queue_depth + kStreamsMax));
}

void RespApi::drain(std::uint64_t timeout_ms) {
  // A day stands for ever, and keeps the sum of clocks from overflowing.
  constexpr std::uint64_t kDayMs = 24ull * 60 * 60 * 1000;
  if (server_) server_->drain(std::chrono::milliseconds(std::min(timeout_ms, kDayMs)));
}

void RespApi::stop() { server_.reset(); }

}  // namespace tenon::api_resp
