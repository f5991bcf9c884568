// SPDX-License-Identifier: MIT
// Makes an empty data directory hold what a backup holds, as a member of a new cluster. A backup is an image as storage
// keeps it; its pieces are made anew, because they name the cluster and the members.
#pragma once

#include <filesystem>
#include <string>

#include "host/logger.hpp"
#include "host/storage_session.hpp"
#include "raft/entry.hpp"
#include "wire/image.hpp"

namespace tenon::server {

// A backup of which every byte was verified, and what it holds.
struct Backup {
  std::filesystem::path file;
  wire::ImageHeader header;
  std::uint64_t revision = 0;
  std::uint64_t keys = 0;
  std::uint64_t state_hash = 0;
};

// Reads all of the file, and builds the state from it. Blocks, and logs its progress. Throws tenon::Error: CORRUPT
// names the offset and the reason; IO. Changes nothing.
Backup verify_backup(const std::filesystem::path& file, host::Logger& logger);

struct RestoreAs {
  std::string cluster_id;    // of the new cluster; another than the backup's
  raft::Membership members;  // of the new cluster, the same on each of them
  int zstd_level = 1;
};

// Writes the backup into storage as the image of the new cluster, reads it back, and commits it. On return the node can
// be started without cluster.start. Blocks. Throws tenon::Error: INVALID: the directory is not empty, or the cluster's
// id is that of the backup; IO, NO_SPACE. Control thread; needs a session that was not booted.
void restore(host::StorageSession& session, node::StoragePort storage, const Backup& backup, const RestoreAs& as,
             host::Logger& logger);

}  // namespace tenon::server
