// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "host/metrics/prometheus_text.hpp"
#include "tenon/host.hpp"

namespace tenon::server {
namespace {

constexpr std::chrono::seconds kHandoverMax(1);  // a leader that stops waits for another so long
constexpr std::chrono::milliseconds kHandoverPoll(5);
constexpr std::chrono::seconds kDiskInterval(10);

// The bytes of the blocks of every file below; what cannot be looked at counts nothing.
std::uint64_t space_taken(const std::filesystem::path& directory) {
  constexpr std::uint64_t block_bytes = 512;  // of st_blocks, whatever the file system's own are
  std::uint64_t blocks = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    struct stat found {};
    if (::lstat(at->path().c_str(), &found) == 0) blocks += static_cast<std::uint64_t>(found.st_blocks);
  }
  return blocks * block_bytes;
}

host::RequestLimits request_limits(const config::Limits& limits) {
  return {limits.value_bytes_max,
          limits.request_bytes_max,
          limits.scan_records_max,
          limits.scan_bytes_max,
          std::chrono::duration_cast<std::chrono::milliseconds>(limits.timeout_default),
          std::chrono::duration_cast<std::chrono::milliseconds>(limits.slow_operation),
          limits.inbox_bytes_max};
}

node::Settings node_settings(const config::Config& config) {
  node::Settings settings;
  settings.raft.self = raft::NodeId(config.node_id);
  settings.raft.heartbeat_interval = config.raft.heartbeat_interval;
  settings.raft.election_timeout_min = config.raft.election_timeout_min;
  settings.raft.election_timeout_max = config.raft.election_timeout_max;
  settings.raft.lease_drift = config.raft.lease_drift;
  settings.cluster_id = config.cluster_id;
  settings.inbox_bytes_max = config.limits.inbox_bytes_max;
  settings.watch_history_bytes_max = config.limits.watch_history_bytes;
  settings.images.log_bytes = config.snapshots.log_bytes;
  settings.images.interval = config.snapshots.interval;
  settings.images.zstd_level = static_cast<int>(config.snapshots.compression_level);
  settings.images.take_bytes_per_second = config.snapshots.take_bytes_per_second;
  settings.images.log_held_bytes_max = config.snapshots.log_held_bytes_max;
  settings.images.sending.bytes_per_second = config.snapshots.send_bytes_per_second;
  settings.joins = config.start == config::Start::kJoin;
  for (const auto& peers : {config.peers, config.join}) {
    for (const auto& [id, addresses] : peers) settings.peers.try_emplace(raft::NodeId(id), addresses);
  }
  return settings;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Server::Server(const config::Config& config, const PluginSelection& plugins, host::Logger& logger, Control& control)
    : config_(config),
      plugins_(plugins),
      logger_(logger),
      control_(control),
      directory_(raft::NodeId(config.node_id)),
      node_({raft::NodeId(config.node_id), config.cluster_id, TENON_VERSION, faults_text(config)}, directory_, logger,
            metrics_, [this](const std::string& why) { control_.fail(why); }),
      clients_(request_limits(config.limits), node_, directory_, metrics_),
      peers_(directory_, node_, metrics_) {
  try {
    metrics_.record(metrics_.create(host::MetricKind::gauge, "tenon_build_info",
                                    host::metric_label("version", TENON_VERSION), "1; its label says the version."),
                    1);
    start_node();
    for (const std::string& name : config_.api_plugins) start_api(name);
    start_disk_meter();
  } catch (...) {
    end();
    throw;
  }
}

Server::~Server() { end(); }

// Client APIs first, for their queues need the node; then the node, for it sends over transports and writes to storage;
// then those.
void Server::end() noexcept {
  disk_meter_.reset();
  for (const auto& api : apis_) {
    if (!api->started) continue;
    api->tables.client_api->stop(api->tables.self);
    logger_.write(TENON_SEVERITY_INFO, api->room, "stopped");
  }
  apis_.clear();
  node_.stop();
  peers_.stop();
  transports_.clear();
  storage_session_.reset();
  storage_.reset();
}

void Server::drain() {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config_.drain_timeout);
  const raft::Instant end = host::steady_now() + timeout;
  hand_leadership_over(std::min(end, host::steady_now() + kHandoverMax));
  for (const auto& api : apis_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - host::steady_now());
    const std::int64_t left_ms = std::max<std::int64_t>(0, left.count());
    api->tables.client_api->drain(api->tables.self, static_cast<std::uint64_t>(left_ms));
  }
}

void Server::hand_leadership_over(raft::Instant end) {
  const raft::NodeId self(config_.node_id);
  const node::Status status = node_.status();
  if (status.role != raft::RoleName::leader || status.membership.voters().size() == 1) return;
  logger_.write(TENON_SEVERITY_INFO, "server", "handing leadership over");
  node_.transfer_leadership(raft::NodeId());
  while (host::steady_now() < end) {
    std::this_thread::sleep_for(kHandoverPoll);
    const raft::NodeId leader = node_.status().leader;
    if (leader != raft::NodeId() && leader != self) return;
  }
  logger_.write(TENON_SEVERITY_WARNING, "server",
                "no other node has taken leadership in time; an election will follow");
}

std::unique_ptr<Part> Server::make_part(plugin::LoadedPlugin loaded, const std::string& room,
                                        const std::string& directory) {
  const bool answers_rest_on_it = loaded.object->storage != nullptr;
  node_.plugin_loaded(description_of(loaded, room));
  return server::make_part({config_,
                            logger_,
                            metrics_,
                            plugin_threads_,
                            [this, answers_rest_on_it](const std::string& why) {
                              if (answers_rest_on_it) node_.halt();
                              control_.fail(why);
                            },
                            {{TENON_DIAL_REPORTS, peers_.dial_reports()}}},
                           std::move(loaded), room, directory);
}

void Server::start_node() {
  take_data_directory();
  const node::StoragePort storage = open_storage();
  node::Settings settings = node_settings(config_);
  settings.incarnation = storage_session_->incarnation();
  node::Recovered recovered = boot_storage(settings);
  // Before the node, whose mailbox takes what they report meanwhile: nothing is sent to a transport that is starting.
  start_transports(recovered.raft.log.membership());
  storage_session_->connect(node_);
  node_.start(settings, std::move(recovered), random_seed(), storage, peers_, clients_);
}

void Server::take_data_directory() {
  const std::filesystem::path directory = private_directory(config_.data_directory);
  data_directory_lock_ = std::make_unique<DataDirectoryLock>(directory);
  check_is_startable(directory);
  if (const std::optional<std::filesystem::path> copy = left_copy(directory)) {
    logger_.write(TENON_SEVERITY_WARNING, "server",
                  copy->string() +
                      " is the copy of a conversion that was interrupted; it takes room, and can be "
                      "removed");
  }
}

node::StoragePort Server::open_storage() {
  // The directory does not carry the plugin's name: another plugin must find the files of the one before, and refuse
  // them, rather than begin with an empty log and vote again in a term in which this node has voted.
  storage_ = make_part(plugins_.load_storage(), "storage." + config_.storage_plugin, kStorageName);
  const node::StoragePort port{storage_->tables.storage, storage_->tables.self};
  logger_.write(TENON_SEVERITY_INFO, storage_->room, "opens " + config_.data_directory.string());
  storage_session_ = std::make_unique<host::StorageSession>(port, logger_);
  logger_.write(TENON_SEVERITY_INFO, storage_->room, "opened");
  return port;
}

node::Recovered Server::boot_storage(const node::Settings& settings) {
  host::StorageBoot boot{std::nullopt, settings.raft.log_cache_bytes_max, settings.cluster_id, settings.joins};
  if (config_.start == config::Start::kNew) {
    raft::Membership members;
    for (const std::uint64_t member : config_.initial_members) members.members.push_back({raft::NodeId(member)});
    boot.new_members = std::move(members);
  }
  return storage_session_->boot(boot, [this] { return control_.has_failed(); });
}

void Server::start_transports(const raft::Membership& members) {
  // A node that has not read its own place in the log yet is told where the others are.
  const bool has_place = members.find(raft::NodeId(config_.node_id)) != nullptr;
  for (const raft::Member& member : members.members) {
    const bool has_address = config_.peers.contains(member.id.value()) || !member.addresses.empty();
    if (member.id == raft::NodeId(config_.node_id) || has_address || !has_place) continue;
    throw Error(TENON_ERROR_INVALID, "node " + std::to_string(member.id.value()) +
                                         " is a member by the log, but cluster.peers has no address of it; add " +
                                         std::to_string(member.id.value()) + "=SCHEME://HOST:PORT");
  }
  peers_.introduce_self(storage_session_->incarnation(), plugins_.client_addresses());
  for (const std::string& name : config_.transport_plugins) {
    const std::string room = "transport." + name;
    Part& transport = *transports_.emplace_back(make_part(plugins_.load_transport(name), room, room));
    peers_.start({name, transport.tables.transport, transport.tables.self});
    logger_.write(TENON_SEVERITY_INFO, room, "started");
  }
  // What the node does itself from then on, tried here so that a config which cannot work is refused.
  for (const auto& [id, addresses] : config_.peers) {
    const raft::NodeId peer(id);
    if (peer == raft::NodeId(config_.node_id)) {
      directory_.set_addresses(peer, addresses);
    } else if (members.find(peer) != nullptr) {
      const std::string fault = peers_.set_peer(peer, addresses);
      if (!fault.empty()) throw Error(TENON_ERROR_UNSUPPORTED, fault + " in cluster.peers");
    } else if (!members.members.empty()) {
      logger_.write(TENON_SEVERITY_WARNING, "server",
                    "node " + std::to_string(id) + " of cluster.peers is no member by the log, and is left out");
    }
  }
}

void Server::start_api(const std::string& name) {
  const std::string room = "api." + name;
  Part& api = *apis_.emplace_back(make_part(plugins_.load_api(name), room, room));
  tenon_detail why{sizeof why, {}};
  const tenon_error error = api.tables.client_api->start(api.tables.self, clients_.table(name), &why);
  if (error != TENON_OK) throw Error(error, room + " could not start: " + why.message);
  api.started = true;
  logger_.write(TENON_SEVERITY_INFO, room, "started");
}

void Server::start_disk_meter() {
  const std::uint32_t metric = metrics_.create(host::MetricKind::gauge, "tenon_storage_bytes", "",
                                               "Space on the disk that the data directory takes.");
  disk_meter_.emplace(kDiskInterval, [this, metric] {
    metrics_.record(metric, static_cast<double>(space_taken(config_.data_directory)));
  });
}

std::string Server::status_line() const {
  const node::Status status = node_.status();
  if (status.own_standing.place != node::OwnStanding::Place::member) {
    return std::string("stands as ") + node::name_of(status.own_standing);
  }
  const std::string term = " in term " + std::to_string(status.term.value());
  if (status.role == raft::RoleName::leader) return "leads" + term;
  if (status.leader != raft::NodeId()) return "follows node " + std::to_string(status.leader.value()) + term;
  return "knows of no leader" + term;
}

}  // namespace tenon::server
