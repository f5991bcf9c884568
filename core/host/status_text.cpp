// SPDX-License-Identifier: MIT
#include "host/status_text.hpp"

namespace tenon::host {

const char* role_name(raft::RoleName role) noexcept {
  switch (role) {
    case raft::RoleName::leader:
      return "leader";
    case raft::RoleName::candidate:
      return "candidate";
    default:
      return "follower";
  }
}

std::string status_text(const Identity& identity, const node::Status& status, std::uint64_t uptime_ms) {
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    text.append(name).append(" ").append(value).append("\n");
  };
  const auto number = [&](const char* name, std::uint64_t value) { line(name, std::to_string(value)); };
  line("version", identity.version);
  line("cluster_id", identity.cluster_id);
  number("node_id", identity.node_id.value());
  line("role", role_name(status.role));
  number("term", status.term.value());
  number("leader", status.leader.value());
  number("last_index", status.last_index.value());
  number("durable_index", status.durable_index.value());
  number("commit_index", status.commit_index.value());
  number("applied_index", status.applied_index.value());
  number("revision", status.revision);
  number("keys", status.key_count);
  number("cluster_time_ms", status.cluster_time_ms);
  number("inbox_bytes", status.inbox_bytes);
  number("uptime_ms", uptime_ms);
  return text;
}

}  // namespace tenon::host
