// SPDX-License-Identifier: MIT
#include "host/status_text.hpp"

#include <algorithm>

namespace tenon::host {
namespace {

void add_line(std::string& text, const char* name, const std::string& value) {
  text.append(name).append(" ").append(value).append("\n");
}
void add_line(std::string& text, const char* name, std::uint64_t value) { add_line(text, name, std::to_string(value)); }

std::string joined(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) text.append(text.empty() ? "" : "|").append(address);
  return text.empty() ? "-" : text;
}

const char* progress_name(raft::ProgressState state) noexcept {
  switch (state) {
    case raft::ProgressState::probe:
      return "probe";
    case raft::ProgressState::replicate:
      return "replicate";
    default:
      return "snapshot";
  }
}

// What is known of a node; of one that is not known, nothing.
KnownNode find_node(const std::vector<KnownNode>& nodes, raft::NodeId id) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const KnownNode& known) { return known.id == id; });
  return found == nodes.end() ? KnownNode{id, {}, {}, {}, {}} : *found;
}

// A learner's; of anyone else there is nothing to become.
std::string aim_text(const raft::Member& member) {
  if (member.standing != raft::Standing::learner) return "-";
  if (member.takes_place_of == raft::NodeId()) return "learner";
  if (member.takes_place_of == member.id) return "voter";
  return "replaces:" + std::to_string(member.takes_place_of.value());
}

std::string lane_text(const KnownNode& known, node::Lane lane) {
  const std::string& transport = known.lanes[static_cast<std::size_t>(lane)];
  return transport.empty() ? "-" : transport;
}

}  // namespace

std::string hexadecimal(const raft::Incarnation& incarnation) {
  if (incarnation == raft::Incarnation{}) return "-";
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : incarnation) text.append({digits[byte >> 4], digits[byte & 15]});
  return text;
}

std::optional<wire::ImageId> parse_image_id(std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  wire::ImageId id{};
  if (text.size() != 2 * id.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    id[i / 2] = static_cast<std::uint8_t>(id[i / 2] << 4 | digit);
  }
  return id;
}

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

std::string status_text(const Identity& identity, const node::Status& status, const StatusAges& ages) {
  std::string text;
  add_line(text, "version", identity.version);
  add_line(text, "cluster_id", identity.cluster_id);
  add_line(text, "node_id", identity.node_id.value());
  add_line(text, "role", role_name(status.role));
  add_line(text, "term", status.term.value());
  add_line(text, "leader", status.leader.value());
  const std::size_t members = status.membership.members.size();
  add_line(text, "members", members);
  add_line(text, "learners", members - status.membership.voters().size());
  add_line(text, "standing", node::name_of(status.own_standing));
  if (!status.own_standing.text.empty()) add_line(text, "standing_text", status.own_standing.text);
  add_line(text, "first_index", status.first_index.value());
  add_line(text, "last_index", status.last_index.value());
  add_line(text, "last_term", status.last_term.value());
  add_line(text, "durable_index", status.durable_index.value());
  add_line(text, "commit_index", status.commit_index.value());
  add_line(text, "applied_index", status.applied_index.value());
  add_line(text, "revision", status.revision);
  add_line(text, "keys", status.key_count);
  add_line(text, "cluster_time_ms", status.cluster_time_ms);
  add_line(text, "inbox_bytes", status.inbox_bytes);
  add_line(text, "log_space", status.space_is_short ? "short" : "enough");
  add_line(text, "snapshot_index", status.images.index.value());
  add_line(text, "snapshot_bytes", status.images.bytes);
  add_line(text, "faults", identity.faults);
  add_line(text, "uptime_ms", ages.uptime);
  add_line(text, "mail_age_ms", ages.mail);
  add_line(text, "sync_age_ms", ages.sync);
  return text;
}

std::string snapshots_text(const node::Status& status) {
  std::string text;
  add_line(text, "index", status.images.index.value());
  add_line(text, "bytes", status.images.bytes);
  add_line(text, "being_taken", status.images.is_being_taken ? "yes" : "no");
  add_line(text, "being_received", status.images.is_being_received ? "yes" : "no");
  add_line(text, "taken", status.images.taken);
  add_line(text, "received", status.images.received);
  add_line(text, "transfers", status.images.sending);
  add_line(text, "applied_index", status.applied_index.value());
  add_line(text, "first_index", status.first_index.value());
  add_line(text, "log_bytes", status.log_bytes);
  add_line(text, "compacting", status.is_compacting ? "yes" : "no");
  return text;
}

std::string compaction_text(const node::CompactionBegun& begun) {
  std::string text;
  add_line(text, "applied_index", begun.applied_index.value());
  add_line(text, "first_index", begun.first_index.value());
  add_line(text, "log_bytes", begun.log_bytes);
  add_line(text, "compacting", "yes");
  return text;
}

std::string log_part_text(const node::LogPart& part) {
  std::string text;
  add_line(text, "commit_index", part.commit_index.value());
  add_line(text, "commit_term", part.commit_term.value());
  return text.append("\n").append(part.records);
}

std::string image_part_text(const node::ImagePart& part) {
  std::string text;
  add_line(text, "id", hexadecimal(part.id));
  add_line(text, "index", part.index.value());
  add_line(text, "snapshot_bytes", part.image_bytes);
  add_line(text, "offset", part.offset);
  return text.append("\n").append(part.data);
}

std::string state_hash_text(const node::Status& status) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hash;
  for (int shift = 60; shift >= 0; shift -= 4) hash.push_back(digits[(status.state_hash >> shift) & 15]);
  std::string text;
  add_line(text, "applied_index", status.applied_index.value());
  add_line(text, "revision", status.revision);
  add_line(text, "state_hash", hash);
  return text;
}

std::string members_text(const Identity& identity, const node::Status& status, const std::vector<KnownNode>& nodes) {
  std::string text;
  for (const raft::Member& member : status.membership.members) {
    const KnownNode known = find_node(nodes, member.id);
    const bool is_self = member.id == identity.node_id;
    text += "id=" + std::to_string(member.id.value());
    text += " incarnation=" + hexadecimal(member.incarnation);
    text += member.id == status.leader ? " is_leader=yes" : " is_leader=no";
    text += " addresses=" + joined(known.addresses.empty() ? member.addresses : known.addresses);
    text += " clients=" + joined(known.client_addresses);
    text += " control=" + (is_self ? "-" : lane_text(known, node::Lane::control));
    text += " bulk=" + (is_self ? "-" : lane_text(known, node::Lane::bulk));
    text += std::string(" standing=") + node::standing_name(member.standing);
    text += " aim=" + aim_text(member);
    const auto peer = std::find_if(status.peers.begin(), status.peers.end(),
                                   [&](const raft::PeerStatus& one) { return one.id == member.id; });
    if (peer != status.peers.end()) {
      text += " match_index=" + std::to_string(peer->match_index.value());
      text += " next_index=" + std::to_string(peer->next_index.value());
      text += std::string(" progress=") + progress_name(peer->state);
    }
    const auto lag = std::find_if(status.lags.begin(), status.lags.end(),
                                  [&](const node::MemberLag& one) { return one.node == member.id; });
    if (lag != status.lags.end()) text += " missing_bytes=" + std::to_string(lag->missing_bytes);
    text += "\n";
  }
  return text;
}

std::string leader_text(const node::Status& status, const std::vector<KnownNode>& nodes) {
  std::string text;
  add_line(text, "leader", status.leader.value());
  add_line(text, "term", status.term.value());
  for (const std::string& address : find_node(nodes, status.leader).client_addresses) {
    add_line(text, "client_address", address);
  }
  return text;
}

std::string leader_transfer_text(const node::Status& status, raft::NodeId target) {
  std::string text;
  add_line(text, "target", target.value());
  add_line(text, "term", status.term.value());
  return text;
}

}  // namespace tenon::host
