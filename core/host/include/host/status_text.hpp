// SPDX-License-Identifier: MIT
// The answer of the admin verb `status`: lines of `name value`, in this order. Readers skip names that they do not
// know.
//
//   version        of the server
//   cluster_id, node_id
//   role           follower | candidate | leader
//   term, leader   leader 0: not known
//   last_index, durable_index, commit_index, applied_index
//   revision, keys, cluster_time_ms
//   inbox_bytes    of requests that wait to be proposed
//   uptime_ms
#pragma once

#include <cstdint>
#include <string>

#include "node/node.hpp"

namespace tenon::host {

struct Identity {
  raft::NodeId node_id;
  std::string cluster_id;
  std::string version;  // of the server
};

const char* role_name(raft::RoleName role) noexcept;

std::string status_text(const Identity& identity, const node::Status& status, std::uint64_t uptime_ms);

}  // namespace tenon::host
