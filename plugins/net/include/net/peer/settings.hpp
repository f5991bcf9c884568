// SPDX-License-Identifier: MIT
// The options that every transport between nodes has.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "net/address.hpp"
#include "tenon/host.hpp"

namespace tenon::net {

struct DialSettings {
  std::chrono::milliseconds connect_timeout;
  std::chrono::microseconds reconnect_min;
  std::chrono::microseconds reconnect_max;
  std::chrono::milliseconds send_timeout;
};

struct NetworkSettings {
  std::vector<Address> listen;
  std::uint64_t connections_max;
  std::uint64_t connections_per_address_max;
  std::uint64_t send_queue_bytes_max;
  DialSettings dial;
};

// Reads listen, connections_max, send_queue_bytes_max, connect_timeout, reconnect_min, reconnect_max and send_timeout;
// connections_per_address_max is as connections_max. Throws Error(INVALID).
NetworkSettings read_network_settings(const Host& host);

// Both throw Error(INVALID) unless the option has a readable value; a duration must be above 0. It is rounded up, so
// that one that is set never becomes the 0 that stands for none.
std::uint64_t integer_option(const Host& host, const char* name);
std::chrono::milliseconds milliseconds_option(const Host& host, const char* name);

}  // namespace tenon::net
