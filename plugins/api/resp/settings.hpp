// SPDX-License-Identifier: MIT
// What the options of the plugin say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "channel.hpp"
#include "net/address.hpp"
#include "request_parser.hpp"

namespace tenon::api_resp {

enum class Redirect {
  kForward,  // whatever a client asks of this node is done, by way of the leader
  kMoved,    // a client is told to go to the leader
};

struct Settings {
  std::vector<net::Address> listen;
  std::uint64_t connections_max;
  std::uint64_t connections_per_address_max;
  ChannelLimits channel;
  RequestLimits request;
  std::uint64_t buffer_bytes_max;
  std::uint64_t pipelined_requests_max;
  std::uint64_t transaction_commands_max;
  std::uint64_t transaction_bytes_max;
  std::uint64_t watched_keys_max;   // of one client
  std::uint64_t subscriptions_max;  // of one client
  std::uint64_t scan_cursors_max;
  std::uint64_t queue_depth;
  std::uint32_t consistency;  // TENON_READ_* of ordinary reads
  Redirect redirect;
  std::string keyspace_events;  // as notify-keyspace-events of Redis spells them
};

}  // namespace tenon::api_resp
