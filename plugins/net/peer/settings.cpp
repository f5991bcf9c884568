// SPDX-License-Identifier: MIT
#include "net/peer/settings.hpp"

#include <optional>
#include <string>

#include "tenon/option.hpp"

namespace tenon::net {

namespace {

template <class Value>
Value required(const char* name, std::optional<Value> value) {
  if (!value) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " has no readable value");
  return *value;
}

std::chrono::microseconds duration_option(const Host& host, const char* name) {
  const auto duration = required(name, parse_duration(host.option(name)));
  if (duration.count() <= 0) throw Error(TENON_ERROR_INVALID, std::string("option ") + name + " must be above 0");
  return duration;
}

}  // namespace

std::uint64_t integer_option(const Host& host, const char* name) {
  return static_cast<std::uint64_t>(required(name, parse_integer(host.option(name))));
}

std::chrono::milliseconds milliseconds_option(const Host& host, const char* name) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration_option(host, name));
}

NetworkSettings read_network_settings(const Host& host) {
  const std::uint64_t connections_max = integer_option(host, "connections_max");
  NetworkSettings settings{
      .listen = parse_addresses(host.option("listen")),
      .connections_max = connections_max,
      .connections_per_address_max = connections_max,
      .send_queue_bytes_max = required("send_queue_bytes_max", parse_size(host.option("send_queue_bytes_max"))),
      .dial = {.connect_timeout = milliseconds_option(host, "connect_timeout"),
               .reconnect_min = duration_option(host, "reconnect_min"),
               .reconnect_max = duration_option(host, "reconnect_max"),
               .send_timeout = milliseconds_option(host, "send_timeout")},
  };
  if (settings.dial.reconnect_max < settings.dial.reconnect_min) {
    throw Error(TENON_ERROR_INVALID, "reconnect_max is less than reconnect_min; raise the one or lower the other");
  }
  return settings;
}

}  // namespace tenon::net
