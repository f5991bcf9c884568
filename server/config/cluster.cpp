// SPDX-License-Identifier: MIT
#include "cluster.hpp"

#include <algorithm>
#include <utility>

#include "config/addresses.hpp"
#include "ini.hpp"
#include "refusal.hpp"
#include "tenon/check.hpp"
#include "tenon/option.hpp"
#include "values.hpp"

namespace tenon::config {
namespace {

std::optional<std::uint64_t> parse_node_id(std::string_view text) {
  const std::optional<std::int64_t> id = parse_integer(text);
  if (!id || *id < 1) return std::nullopt;
  return static_cast<std::uint64_t>(*id);
}

// Refuses one key of [cluster] or [api], quoting what was found.
class Refusing {
 public:
  Refusing(const char* section, const char* key, const Setting& setting)
      : section_(section), key_(key), setting_(setting) {}
  [[noreturn]] void operator()(const std::string& explanation) const {
    refuse(setting_.origin, section_, key_, "found '" + setting_.value + "'; " + explanation);
  }

 private:
  const char* section_;
  const char* key_;
  const Setting& setting_;
};

std::vector<std::uint64_t> parse_initial_members(const Setting& setting, std::uint64_t node_id) {
  const Refusing refuse_members("cluster", "initial_members", setting);
  std::vector<std::uint64_t> members;
  for (const std::string& item : list_items("cluster", "initial_members", setting)) {
    const std::optional<std::uint64_t> id = parse_node_id(item);
    if (!id) {
      refuse_members("expected the ids of nodes, which are numbers from 1 on, but there is '" + item +
                     "'; addresses are given in cluster.peers");
    }
    members.push_back(*id);
  }
  std::sort(members.begin(), members.end());
  const auto twice = std::adjacent_find(members.begin(), members.end());
  if (twice != members.end()) refuse_members("node " + std::to_string(*twice) + " is named twice; name it once");
  if (members.size() > kMembersMax) {
    refuse_members("these are " + std::to_string(members.size()) + " members, at most " + std::to_string(kMembersMax) +
                   " are taken");
  }
  if (!std::binary_search(members.begin(), members.end(), node_id)) {
    refuse_members("this node is not among them, and node.id is " + std::to_string(node_id) +
                   "; add it, or mend node.id");
  }
  return members;
}

std::vector<std::string> parse_addresses(std::string_view text, const Refusing& refuse_peers) {
  std::vector<std::string> addresses;
  while (true) {
    const std::size_t end = text.find('|');
    const std::string address(trimmed(text.substr(0, end)));
    if (!is_url(address)) {
      refuse_peers("'" + address + "' is not of the form SCHEME://HOST:PORT, as in 2=thrift://10.0.0.2:7201");
    }
    if (has_wildcard_host(address)) refuse_peers("'" + address + "' names no machine that could be reached");
    addresses.push_back(address);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (addresses.size() > kAddressesMax) {
    refuse_peers("a node has at most " + std::to_string(kAddressesMax) + " addresses");
  }
  return addresses;
}

Peers parse_peers(const char* key, const Setting& setting) {
  const Refusing refuse_peers("cluster", key, setting);
  Peers peers;
  for (const std::string& item : list_items("cluster", key, setting)) {
    const std::size_t equals = item.find('=');
    const std::optional<std::uint64_t> id = parse_node_id(trimmed(std::string_view(item).substr(0, equals)));
    if (!id || equals == std::string::npos) {
      refuse_peers("'" + item + "' does not begin with the id of a node, as in 2=thrift://10.0.0.2:7201");
    }
    if (!peers.try_emplace(*id, parse_addresses(std::string_view(item).substr(equals + 1), refuse_peers)).second) {
      refuse_peers("node " + std::to_string(*id) + " is named twice; separate its addresses by '|'");
    }
  }
  if (peers.size() > kMembersMax) {
    refuse_peers("these are " + std::to_string(peers.size()) + " nodes, at most " + std::to_string(kMembersMax) +
                 " are taken");
  }
  return peers;
}

// Members and peers against each other, where both are known: after the first start members need not be.
void check_peers(const Settings& settings, const Config& config) {
  const Setting* members = settings.find("cluster", "initial_members");
  const Setting* peers = settings.find("cluster", "peers");
  for (const std::uint64_t member : config.initial_members) {
    if (member == config.node_id || config.peers.contains(member)) continue;
    refuse(peers == nullptr ? members->origin : peers->origin, "cluster", "peers",
           "found no address of node " + std::to_string(member) + ", which is a member (" + members->origin.text() +
               "); add " + std::to_string(member) + "=SCHEME://HOST:PORT to cluster.peers");
  }
  for (const auto& [peer, addresses] : config.peers) {
    // Later the log says who is a member, and there may be more of them.
    if (config.start != Start::kNew || std::ranges::binary_search(config.initial_members, peer)) continue;
    refuse(peers->origin, "cluster", "peers",
           "found node " + std::to_string(peer) + ", which is not among cluster.initial_members (" + members->value +
               ", " + members->origin.text() + "); mend the one or the other");
  }
  const bool has_others =
      std::ranges::any_of(config.peers, [&](const auto& peer) { return peer.first != config.node_id; });
  if (has_others && config.transport_plugins.empty()) {
    refuse(peers->origin, "transport", "plugin",
           "not set, but cluster.peers names other nodes, which are reached by a transport; add plugin = thrift to "
           "[transport]");
  }
}

// What a node needs that is to be taken in by a cluster.
void read_join(const Settings& settings, Config& config) {
  const Setting* join = settings.find("cluster", "join");
  const Peers asked = join == nullptr ? Peers() : parse_peers("join", *join);
  if (config.start != Start::kJoin) return;
  const Setting& start = *settings.find("cluster", "start");
  if (const Setting* members = settings.find("cluster", "initial_members")) {
    refuse(members->origin, "cluster", "initial_members",
           "found '" + members->value + "', but this node joins a cluster (" + start.origin.text() +
               "), which says itself who its members are; remove it");
  }
  if (config.transport_plugins.empty()) {
    refuse(start.origin, "transport", "plugin",
           "not set, but this node joins a cluster, whose members are reached by a transport; add plugin = thrift to "
           "[transport]");
  }
  if (join == nullptr) return;
  config.join = asked;
  const Refusing refuse_join("cluster", "join", *join);
  if (config.join.contains(config.node_id))
    refuse_join("node " + std::to_string(config.node_id) + " is this node; name members of the cluster");
  if (!config.peers.contains(config.node_id)) {
    refuse_join("the cluster has to be told where this node is reached; add " + std::to_string(config.node_id) +
                "=SCHEME://HOST:PORT to cluster.peers");
  }
}

std::vector<std::string> parse_advertise(const Setting& setting, const std::vector<std::string>& api_plugins) {
  const Refusing refuse_advertise("api", "advertise", setting);
  std::vector<std::string> urls = list_items("api", "advertise", setting);
  if (urls.size() > kAddressesMax) refuse_advertise("at most " + std::to_string(kAddressesMax) + " are taken");
  for (const std::string& url : urls) {
    if (!is_url(url)) {
      refuse_advertise("'" + url + "' is not of the form NAME://HOST:PORT, as in thrift://10.0.0.1:7101");
    }
    const std::string scheme(scheme_of(url));
    if (std::ranges::find(api_plugins, scheme) == api_plugins.end()) {
      refuse_advertise("'" + scheme + "' is not the name of a client API that is chosen in api.plugin." +
                       nearest_hint(scheme, api_plugins));
    }
    if (has_wildcard_host(url)) {
      refuse_advertise("'" + url + "' names no machine that a client could reach; name this one");
    }
  }
  return urls;
}

}  // namespace

void read_cluster(const Settings& settings, Config& config) {
  TENON_CHECK(config.node_id != 0 && !config.api_plugins.empty());
  const Setting* members = settings.find("cluster", "initial_members");
  if (members != nullptr) config.initial_members = parse_initial_members(*members, config.node_id);
  if (const Setting* start = settings.find("cluster", "start")) {
    config.start = start->value == "join" ? Start::kJoin : Start::kNew;
    if (config.start == Start::kNew && members == nullptr) {
      refuse(start->origin, "cluster", "start",
             "a new cluster needs its members; add initial_members to [cluster], the ids of all of them, " +
                 std::to_string(config.node_id) + " for this node");
    }
  }
  if (const Setting* peers = settings.find("cluster", "peers")) config.peers = parse_peers("peers", *peers);
  check_peers(settings, config);
  read_join(settings, config);
  if (const Setting* advertise = settings.find("api", "advertise")) {
    config.advertise = parse_advertise(*advertise, config.api_plugins);
  }
}

}  // namespace tenon::config
