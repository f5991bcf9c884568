// SPDX-License-Identifier: MIT
#include "restore/restore.hpp"

#include <string>

#include "convert/directories.hpp"
#include "part.hpp"
#include "tenon/host.hpp"

namespace tenon::server {

Backup restore_data_directory(const config::Config& config, const PluginSelection& plugins,
                              const std::vector<std::filesystem::path>& files, host::Logger& logger) {
  if (config.initial_members.empty()) {
    throw Error(TENON_ERROR_INVALID,
                "cluster.initial_members is not set: it says of whom the restored cluster consists, as in 1, 2, 3");
  }
  RestoreAs as{config.cluster_id, {}, static_cast<int>(config.snapshots.compression_level)};
  for (const std::uint64_t member : config.initial_members) as.members.members.push_back({raft::NodeId(member)});
  Backup backup = read_backup(files, logger);
  const std::filesystem::path directory = private_directory(config.data_directory);
  const DataDirectoryLock lock(directory);
  check_is_startable(directory);
  host::Metrics metrics;
  validation::Threads plugin_threads;
  const auto on_failed = [&logger](const std::string& why) { logger.write(TENON_SEVERITY_ERROR, "server", why); };
  const std::unique_ptr<Part> storage =
      make_part({config, logger, metrics, plugin_threads, on_failed}, plugins.load_storage(),
                "storage." + config.storage_plugin, kStorageName);
  const node::StoragePort port{storage->tables.storage, storage->tables.self};
  host::StorageSession session(port, logger);
  restore(session, port, backup, as);
  return backup;
}

}  // namespace tenon::server
