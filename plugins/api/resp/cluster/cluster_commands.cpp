// SPDX-License-Identifier: MIT
// What a cluster-aware client asks when redirect = moved: every slot is served by the node that leads.
#include <algorithm>

#include "client.hpp"
#include "command_groups.hpp"
#include "expiry.hpp"
#include "key_slot.hpp"
#include "key_walk.hpp"
#include "node_list.hpp"
#include "service.hpp"
#include "subcommand.hpp"

namespace tenon::api_resp {

namespace {

constexpr std::string_view kDisabled = "ERR This instance has cluster support disabled";
constexpr std::uint64_t kPageKeys = 1000;
// Where Redis Cluster nodes would talk to each other; no client connects there.
constexpr int kBusPortDistance = 10000;

bool is_cluster(const Service& service) noexcept { return service.settings().redirect == Redirect::kMoved; }

class MembersTask final : public Task {
 public:
  using Tell = void (*)(const std::vector<ListedNode>&, Service&, ReplyWriter&);

  MembersTask(const Execution& execution, Tell tell) : Task(execution.service, execution.client), tell_(tell) {}

  void begin() override {
    tenon_operation members = operation(TENON_ADMIN, {});
    members.key = service().submissions().batch().keep("members");
    ask(service().request_of(members));
  }

 private:
  void advance(const tenon_completion& completion) override {
    std::vector<ListedNode> nodes = parse_members(view(results(completion)[0].records[0].value));
    // The one that leads comes first.
    std::stable_sort(nodes.begin(), nodes.end(),
                     [](const ListedNode& left, const ListedNode& right) { return left.leads && !right.leads; });
    ReplyWriter writer = reply();
    tell_(nodes, service(), writer);
    end();
  }

  const Tell tell_;
};

bool has_leader(const std::vector<ListedNode>& nodes) { return !nodes.empty() && nodes[0].leads; }

// A client would take a host without a name for the one that it has asked.
std::vector<ListedNode> with_address(std::vector<ListedNode> nodes) {
  std::erase_if(nodes, [](const ListedNode& node) { return node.host.empty() || node.port == 0; });
  return nodes;
}

void tell_slots(const std::vector<ListedNode>& all, Service& service, ReplyWriter& reply) {
  const std::vector<ListedNode> nodes = with_address(all);
  if (!has_leader(nodes)) return reply.array(0);
  reply.array(1);
  reply.array(2 + nodes.size());
  reply.integer(0);
  reply.integer(kSlotCount - 1);
  for (const ListedNode& node : nodes) {
    reply.array(4);
    reply.bulk(node.host);
    reply.integer(node.port);
    reply.bulk(node_name(service.identity().cluster_id, node.id));
    reply.map(0);
  }
}

void tell_shards(const std::vector<ListedNode>& all, Service& service, ReplyWriter& reply) {
  const std::vector<ListedNode> nodes = with_address(all);
  reply.array(1);
  reply.map(2);
  reply.bulk("slots");
  reply.array(has_leader(nodes) ? 2 : 0);
  if (has_leader(nodes)) {
    reply.integer(0);
    reply.integer(kSlotCount - 1);
  }
  reply.bulk("nodes");
  reply.array(nodes.size());
  for (const ListedNode& node : nodes) {
    reply.map(7);
    reply.bulk("id");
    reply.bulk(node_name(service.identity().cluster_id, node.id));
    reply.bulk("port");
    reply.integer(node.port);
    reply.bulk("ip");
    reply.bulk(node.host);
    reply.bulk("endpoint");
    reply.bulk(node.host);
    reply.bulk("role");
    reply.bulk(node.leads ? "master" : "replica");
    reply.bulk("replication-offset");
    reply.integer(0);
    reply.bulk("health");
    reply.bulk("online");
  }
}

void tell_nodes(const std::vector<ListedNode>& nodes, Service& service, ReplyWriter& reply) {
  const std::string& cluster = service.identity().cluster_id;
  std::string text;
  for (const ListedNode& node : nodes) {
    const std::string myself = node.id == service.identity().node_id ? "myself," : "";
    text += node_name(cluster, node.id) + " " + node.host + ":" + std::to_string(node.port) + "@" +
            std::to_string(node.port + kBusPortDistance) + " " + myself + (node.leads ? "master" : "slave") + " " +
            (node.leads || !has_leader(nodes) ? "-" : node_name(cluster, nodes[0].id)) + " 0 0 1 " +
            (node.port == 0 ? "disconnected" : "connected") + (node.leads ? " 0-16383" : "") + "\n";
  }
  reply.verbatim(text);
}

void tell_state(const std::vector<ListedNode>& nodes, Service&, ReplyWriter& reply) {
  const bool is_led = has_leader(nodes);
  const std::string slots = is_led ? "16384" : "0";
  reply.verbatim(
      std::string("cluster_enabled:1\r\ncluster_state:") + (is_led ? "ok" : "fail") +
      "\r\ncluster_slots_assigned:" + slots + "\r\ncluster_slots_ok:" + slots +
      "\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:" + std::to_string(nodes.size()) +
      "\r\ncluster_size:" + (is_led ? "1" : "0") + "\r\ncluster_current_epoch:1\r\ncluster_my_epoch:1\r\n");
}

class CountSlotTask final : public KeyWalk {
 public:
  CountSlotTask(const Execution& execution, std::uint16_t slot) : KeyWalk(execution), slot_(slot) {}

  void begin() override { walk_from_beginning(kPageKeys); }

 private:
  void take_keys(std::span<const tenon_record> keys, bool has_more) override {
    for (const tenon_record& record : keys) {
      if (key_slot(view(record.key)) == slot_) ++count_;
    }
    if (has_more && !keys.empty()) return walk_behind(view(keys.back().key), kPageKeys);
    reply().integer(count_);
    end();
  }

  const std::uint16_t slot_;
  std::int64_t count_ = 0;
};

std::unique_ptr<Task> count_slot(const Execution& execution) {
  const std::optional<std::int64_t> slot = parse_integer(execution.arguments[2]);
  if (slot && *slot >= 0 && *slot < kSlotCount) {
    return std::make_unique<CountSlotTask>(execution, static_cast<std::uint16_t>(*slot));
  }
  execution.reply.error(slot ? "ERR Invalid slot" : kNotAnInteger);
  return nullptr;
}

struct ClusterSubcommand {
  std::string_view name;
  int words;
  MembersTask::Tell tell;
};
constexpr ClusterSubcommand kSubcommands[] = {
    {"countkeysinslot", 3, nullptr}, {"info", 2, tell_state},    {"keyslot", 3, nullptr},  {"myid", 2, nullptr},
    {"nodes", 2, tell_nodes},        {"shards", 2, tell_shards}, {"slots", 2, tell_slots},
};

std::unique_ptr<Task> cluster(const Execution& execution) {
  const Arguments words = execution.arguments;
  const auto* const found = std::find_if(std::begin(kSubcommands), std::end(kSubcommands),
                                         [&](const ClusterSubcommand& one) { return equals(words[1], one.name); });
  if (found == std::end(kSubcommands)) {
    execution.reply.error(unknown_subcommand_text("cluster", words[1]));
    return nullptr;
  }
  if (words.size() != static_cast<std::size_t>(found->words)) {
    execution.reply.error("ERR wrong number of arguments for 'cluster|" + std::string(found->name) + "' command");
    return nullptr;
  }
  if (!is_cluster(execution.service)) {
    execution.reply.error(kDisabled);
    return nullptr;
  }
  if (found->tell != nullptr) return std::make_unique<MembersTask>(execution, found->tell);
  if (found->name == "countkeysinslot") return count_slot(execution);
  if (found->name == "keyslot") {
    execution.reply.integer(key_slot(words[2]));
  } else {
    execution.reply.bulk(node_name(execution.service.identity().cluster_id, execution.service.identity().node_id));
  }
  return nullptr;
}

void set_read_only(const Execution& execution, bool is_read_only) {
  if (!is_cluster(execution.service)) return execution.reply.error(kDisabled);
  execution.client.state().is_read_only = is_read_only;
  execution.reply.ok();
}
void readonly(const Execution& execution) { set_read_only(execution, true); }
void readwrite(const Execution& execution) { set_read_only(execution, false); }

// No slot ever moves, so that there is nothing to ask for.
void asking(const Execution& execution) {
  if (!is_cluster(execution.service)) return execution.reply.error(kDisabled);
  execution.reply.ok();
}

constexpr Command immediate(std::string_view name, std::string_view summary, ImmediateFunction function) {
  return {name,     1,      kFast | kLoading | kStale, 0, 0, 0, Group::kCluster, "3.0.0", summary, nullptr, nullptr,
          function, nullptr};
}

constexpr Command kCommands[] = {
    immediate("asking", "Is not needed here", asking),
    {"cluster", -2, kStale | kNotInTransaction | kContainer, 0, 0, 0, Group::kCluster, "3.0.0",
     "Which node leads, and the others", nullptr, nullptr, nullptr, cluster},
    immediate("readonly", "Has reads show what this node has", readonly),
    immediate("readwrite", "Has reads show all that was answered", readwrite),
};

}  // namespace

std::span<const Command> cluster_commands() noexcept { return kCommands; }

}  // namespace tenon::api_resp
