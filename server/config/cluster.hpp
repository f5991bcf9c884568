// SPDX-License-Identifier: MIT
// What a configuration says of the cluster: its members, where they are, and where this node serves clients.
#pragma once

#include "config/config.hpp"
#include "settings.hpp"

namespace tenon::config {

// Sets start, initial_members, peers and advertise. Needs: node_id, transport_plugins and api_plugins are set. Throws
// ConfigError for the first fault.
void read_cluster(const Settings& settings, Config& config);

}  // namespace tenon::config
