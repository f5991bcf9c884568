// SPDX-License-Identifier: MIT
#include "thrift_api.hpp"

#include <algorithm>

#include "server.hpp"
#include "tenon/option.hpp"

namespace tenon::api_thrift {

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

}  // namespace

struct ThriftApi::Options {
  explicit Options(const Host& host)
      : settings{
            .listen = net::parse_addresses(host.option("listen")),
            .connections_max = count_option(host, "connections_max"),
            .connections_per_address_max = count_option(host, "connections_per_address_max"),
            .connection = {.frame_bytes_max = static_cast<std::uint32_t>(size_option(host, "frame_bytes_max")),
                           .output_bytes_max = size_option(host, "output_bytes_max"),
                           .idle_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
                               required("idle_timeout", parse_duration(host.option("idle_timeout"))))},
            .buffer_bytes_max = size_option(host, "buffer_bytes_max"),
            .pipelined_requests_max = count_option(host, "pipelined_requests_max"),
            .queue_depth = count_option(host, "queue_depth"),
        } {
    if (settings.buffer_bytes_max < 2ull * settings.connection.frame_bytes_max) {
      throw Error(TENON_ERROR_INVALID,
                  "buffer_bytes_max is less than twice frame_bytes_max: no request of that size could be taken; raise "
                  "buffer_bytes_max or lower frame_bytes_max");
    }
  }

  const Settings settings;
};

ThriftApi::ThriftApi(Host host) : ClientApi(host), options_(std::make_unique<const Options>(host)) {}

ThriftApi::~ThriftApi() = default;

void ThriftApi::start() {
  const Settings& settings = options_->settings;
  server_ = std::make_unique<Server>(host(), settings, create_queue(settings.queue_depth));
}

void ThriftApi::drain(std::uint64_t timeout_ms) {
  // A day stands for ever, and keeps the sum of clocks from overflowing.
  constexpr std::uint64_t kDayMs = 24ull * 60 * 60 * 1000;
  if (server_) server_->drain(std::chrono::milliseconds(std::min(timeout_ms, kDayMs)));
}

void ThriftApi::stop() { server_.reset(); }

}  // namespace tenon::api_thrift
