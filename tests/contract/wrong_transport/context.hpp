// SPDX-License-Identifier: MIT
// What all connections of one instance share.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "mailbox.hpp"
#include "message.hpp"

namespace tenon::wrong_transport {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::uint16_t port;
  std::uint64_t send_queue_bytes_max;
  std::chrono::microseconds connect_timeout;
  std::chrono::microseconds reconnect_max;
  std::chrono::microseconds send_timeout;
};

struct Context {
  const tenon_transport_host* host;
  const Settings& settings;
  std::string cluster;
  std::uint64_t node;
  Mailbox& mailbox;

  void lane_event(const LaneId& lane, std::uint32_t event) const {
    host->lane_event(host, lane.first, static_cast<std::uint32_t>(lane.second), event);
  }
  void introduced(const Introduction& said) const;
  // What this node says of itself to another.
  Introduction introduction_to(std::uint64_t peer) const;
  bool is_of_this_cluster(const Introduction& said) const {
    return said.cluster == cluster || kSin == Sin::foreign_cluster;
  }
};

}  // namespace tenon::wrong_transport
