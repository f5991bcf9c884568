// SPDX-License-Identifier: MIT
// Makes an empty data directory hold what a backup holds, as a member of a new cluster. A backup is a file with an
// image as storage keeps it, perhaps followed by files with the log behind it. Its state is built in memory, and an
// image of the new cluster is taken of that.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backup/position.hpp"
#include "host/logger.hpp"
#include "host/storage_session.hpp"
#include "kv/store.hpp"
#include "raft/entry.hpp"

namespace tenon::server {

// A backup of which every byte was verified.
struct Backup {
  backup::Position position;         // of the last entry that is in it
  std::unique_ptr<kv::Store> store;  // the state as of that entry
};

// Reads all of the files, the full backup first and then the incremental ones in the order in which they were taken,
// and builds the state from them. Blocks, and logs its progress. Throws tenon::Error, which names the file: CORRUPT,
// with the offset and the reason; INVALID: a file does not go on where the one before it ends; IO. Changes nothing.
Backup read_backup(const std::vector<std::filesystem::path>& files, host::Logger& logger);

// Applies an entry of a log to the state as it was before it; what belongs to the cluster and not to the state, its
// members and the beginnings of its terms, is passed over. False: the bytes are not an entry.
bool apply_entry(kv::Store& store, std::string_view data);

struct RestoreAs {
  std::string cluster_id;    // of the new cluster; another than the backup's
  raft::Membership members;  // of the new cluster, the same on each of them
  int zstd_level = 1;
};

// Writes the state into storage as an image of the new cluster, reads it back, and commits it. On return the node can
// be started without cluster.start; after an error the directory can be restored into again. Blocks. Throws
// tenon::Error: INVALID: the directory is not empty, or the cluster's id is that of the backup; IO. Control thread;
// needs a session that was not booted.
void restore(host::StorageSession& session, node::StoragePort storage, const Backup& backup, const RestoreAs& as);

}  // namespace tenon::server
