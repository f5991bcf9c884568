// SPDX-License-Identifier: MIT
// What the options of the plugin say; its manifest in plugin.cpp has their bounds and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "json_rpc.hpp"
#include "net/address.hpp"
#include "request_reader.hpp"

namespace tenon::api_http {

struct ConnectionLimits {
  RequestLimits request;
  std::chrono::milliseconds header_timeout;  // from the first byte of a request to the end of its header
  std::chrono::milliseconds body_timeout;    // from there to the end of its body
  std::chrono::milliseconds idle_timeout;    // between requests
  std::uint64_t output_bytes_max;            // of answers that a client has not yet read
  std::uint64_t pipelined_requests_max;
};

struct LiveLimits {
  std::uint64_t upgrade_field_bytes_max;  // of each field of a request that the upgrade needs
  std::uint64_t message_bytes_max;        // of one message that comes in
  std::uint64_t subscriptions_max;        // of one client
  std::uint64_t output_bytes_max;  // that one client has not yet read; beyond it events are left out, and it is told
  RpcLimits rpc;
};

struct Settings {
  std::vector<net::Address> listen;
  std::uint64_t connections_max;
  std::uint64_t connections_per_address_max;
  ConnectionLimits connection;
  std::uint64_t buffer_bytes_max;
  std::uint64_t queue_depth;
  std::uint64_t parameters_max;      // of a target
  std::uint64_t json_depth_max;      // of the body of a request
  std::vector<std::string> hosts;    // names by which browsers may reach this node, beside numbers and localhost
  std::vector<std::string> origins;  // of pages that may use this node, beside its own
  LiveLimits live;
  bool dashboard;         // is served
  bool dashboard_writes;  // it offers to change keys
  bool compatibility;     // /set, /get, /delete, /health and /raft/status are served
};

}  // namespace tenon::api_http
