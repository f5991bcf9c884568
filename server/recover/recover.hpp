// SPDX-License-Identifier: MIT
// `tenond recover --force-new-cluster`: when the majority of a cluster is lost for good, what one node still has
// becomes a new cluster of that node alone. Everything goes through the storage plugin: the state that image and log
// give is written into a new directory as an image of the new cluster, and then takes the place of the old one in one
// step.
//
//   what is there                          in the data directory                     a start there
//   -------------------------------------- ----------------------------------------- --------------------------
//   1 nothing was done                     storage                                   works as before
//   2 the new one is made                  storage, storage.recovering               works as before
//   3 they have changed places             storage (new), storage.recovering (old)   works as the new cluster
//   4 the old one is put away              storage (new), storage.before-recovery    works as the new cluster
#pragma once

#include <filesystem>
#include <string>

#include "backup/position.hpp"
#include "config/config.hpp"
#include "host/logger.hpp"
#include "plugin_selection.hpp"

namespace tenon::server {

struct Recovery {
  backup::Position position;       // of the last entry of the node's log, and the cluster that it was of
  std::uint64_t revision = 0;      // of the state there
  std::uint64_t key_count = 0;     // the same
  std::string members;             // of the old cluster, by the node's log
  std::string cluster_id;          // of the new one
  std::filesystem::path put_away;  // what was there before; empty: nothing was done
};

enum class RecoveryMode { look, perform };

// Reads all that the node of the config has, and makes it a new cluster `new_cluster_id` of this node alone. Blocks,
// and logs its progress. Throws tenon::Error: BUSY: a node runs on the directory; INVALID: there is nothing to recover,
// or the id is that of the old cluster; CORRUPT, IO. Nothing was changed then. Control thread.
Recovery recover_data_directory(const config::Config& config, const PluginSelection& plugins,
                                const std::string& new_cluster_id, RecoveryMode mode, host::Logger& logger);

// An id for a cluster that comes of another.
std::string new_cluster_id(const std::string& old_cluster_id);

}  // namespace tenon::server
