// SPDX-License-Identifier: MIT
#include "server.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "tenon/host.hpp"

namespace tenon::server {
namespace {

// Makes a directory that only this user may enter, and returns its absolute path.
std::string private_directory(const std::filesystem::path& path) {
  const std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
  std::error_code error;
  std::filesystem::create_directories(absolute.parent_path(), error);
  if (error || (::mkdir(absolute.c_str(), 0700) != 0 && errno != EEXIST)) {
    const std::string why = error ? error.message() : std::strerror(errno);
    throw Error(TENON_ERROR_IO, "the directory " + absolute.string() + " cannot be made: " + why +
                                    "; make it, or set node.data_directory to another place");
  }
  struct stat found {};
  if (::stat(absolute.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    throw Error(TENON_ERROR_IO, absolute.string() + " is not a directory; set node.data_directory to one");
  }
  if ((found.st_mode & 0077) != 0 && ::chmod(absolute.c_str(), 0700) != 0) {
    throw Error(TENON_ERROR_IO,
                "the directory " + absolute.string() +
                    " may be entered by others, and its mode cannot be changed to 0700: " + std::strerror(errno));
  }
  return absolute.string();
}

std::vector<host::DeclaredMetric> declared_metrics(const plugin::Manifest& manifest) {
  std::vector<host::DeclaredMetric> metrics;
  for (const plugin::MetricDeclaration& metric : manifest.metrics) {
    const host::MetricKind kind = metric.kind == plugin::MetricKind::counter ? host::MetricKind::counter
                                  : metric.kind == plugin::MetricKind::gauge ? host::MetricKind::gauge
                                                                             : host::MetricKind::histogram;
    metrics.push_back({kind, metric.name, metric.help});
  }
  return metrics;
}

host::RequestLimits request_limits(const config::Limits& limits) {
  return {limits.value_bytes_max, limits.request_bytes_max, limits.scan_records_max, limits.scan_bytes_max,
          std::chrono::duration_cast<std::chrono::milliseconds>(limits.timeout_default)};
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Server::Part::Part(plugin::LoadedPlugin loaded_plugin, host::PluginSurroundings surroundings, host::Logger& logger,
                   host::Metrics& metrics)
    : loaded(std::move(loaded_plugin)),
      host(std::move(surroundings), logger, metrics),
      instance(loaded, host.table()) {}

Server::Server(const config::Config& config, const PluginSelection& plugins, host::Logger& logger, Control& control)
    : config_(config),
      plugins_(plugins),
      logger_(logger),
      control_(control),
      node_({raft::NodeId(config.node_id), config.cluster_id, TENON_VERSION}, logger, metrics_,
            [this](const std::string& why) { control_.fail(why); }),
      clients_(request_limits(config.limits), node_) {
  try {
    start_node();
    for (const std::string& name : config_.api_plugins) start_api(name);
  } catch (...) {
    end();
    throw;
  }
}

Server::~Server() { end(); }

// Client APIs first, for their queues need the node; then the node, for it needs storage; then storage.
void Server::end() noexcept {
  for (const auto& api : apis_) {
    if (api->started) api->loaded.object->client_api->stop(api->instance.self());
  }
  apis_.clear();
  node_.stop();
  storage_session_.reset();
  storage_.reset();
}

void Server::drain() {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(config_.drain_timeout);
  const raft::Instant end = host::steady_now() + timeout;
  for (const auto& api : apis_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - host::steady_now());
    const std::int64_t left_ms = std::max<std::int64_t>(0, left.count());
    api->loaded.object->client_api->drain(api->instance.self(), static_cast<std::uint64_t>(left_ms));
  }
}

std::unique_ptr<Server::Part> Server::make_part(plugin::LoadedPlugin loaded, const std::string& room,
                                                const std::string& directory) {
  for (const std::string& warning : loaded.warnings) logger_.write(TENON_SEVERITY_WARNING, room, warning);
  logger_.write(TENON_SEVERITY_INFO, room, "loaded " + loaded.manifest.id + " " + loaded.manifest.version);
  host::PluginSurroundings surroundings{
      room,
      config_.node_id,
      config_.cluster_id,
      private_directory(private_directory(config_.data_directory) + "/" + directory),
      loaded.options,
      declared_metrics(loaded.manifest),
      [this, room, answers_rest_on_it = loaded.object->storage != nullptr](tenon_error error,
                                                                           const std::string& message) {
        if (answers_rest_on_it) node_.halt();
        control_.fail(room + " has failed with error " + std::to_string(error) + ": " + message);
      },
  };
  return std::make_unique<Part>(std::move(loaded), std::move(surroundings), logger_, metrics_);
}

void Server::start_node() {
  // The directory does not carry the plugin's name: another plugin must find the files of the one before, and refuse
  // them, rather than begin with an empty log and vote again in a term in which this node has voted.
  storage_ = make_part(plugins_.load_storage(), "storage." + config_.storage_plugin, "storage");
  const node::StoragePort port{storage_->loaded.object->storage, storage_->instance.self()};
  storage_session_ = std::make_unique<host::StorageSession>(port, logger_);

  node::Settings settings;
  settings.raft.self = raft::NodeId(config_.node_id);
  settings.inbox_bytes_max = config_.limits.inbox_bytes_max;
  host::StorageBoot boot{settings.raft.self, std::nullopt, settings.raft.log_cache_bytes_max};
  if (config_.start) {
    raft::Membership members;
    for (const std::uint64_t member : config_.initial_members) members.voters.emplace_back(member);
    boot.new_members = std::move(members);
  }
  raft::Recovered recovered = storage_session_->boot(boot, [this] { return control_.has_failed(); });
  if (recovered.membership.voters.size() != 1) {
    throw Error(TENON_ERROR_UNSUPPORTED, "the log is that of a cluster of " +
                                             std::to_string(recovered.membership.voters.size()) +
                                             " voters; clusters of more than one node are not in this version");
  }
  storage_session_->connect(node_);
  node_.start(settings, std::move(recovered), random_seed(), port, clients_);
}

void Server::start_api(const std::string& name) {
  const std::string room = "api." + name;
  Part& api = *apis_.emplace_back(make_part(plugins_.load_api(name), room, room));
  tenon_detail why{sizeof why, {}};
  const tenon_error error = api.loaded.object->client_api->start(api.instance.self(), clients_.table(), &why);
  if (error != TENON_OK) throw Error(error, room + " could not start: " + why.message);
  api.started = true;
}

}  // namespace tenon::server
