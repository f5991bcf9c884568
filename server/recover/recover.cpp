// SPDX-License-Identifier: MIT
#include "recover/recover.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "convert/directories.hpp"
#include "convert/storage_end.hpp"
#include "node/images/image_reading.hpp"
#include "part.hpp"
#include "restore/backup.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "wire/entry_data.hpp"

namespace tenon::server {
namespace {

constexpr char kRecoveringName[] = "storage.recovering";
constexpr char kPutAwayName[] = "storage.before-recovery";
constexpr std::size_t kClusterIdBytesMax = 64;

// A storage instance below the data directory, while it is needed.
class Instance {
 public:
  Instance(const config::Config& config, const PluginSelection& plugins, host::Logger& logger, const char* directory)
      : config_(config),
        part_(make_part({config_, logger, metrics_, threads_, [this](const std::string& why) { fail(why); }, {}},
                        plugins.load_storage(), "storage." + config.storage_plugin, directory)) {}

  node::StoragePort port() const noexcept { return {part_->tables.storage, part_->tables.self}; }
  std::optional<std::string> failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = why;
  }

  const config::Config config_;
  host::Metrics metrics_;
  validation::Threads threads_;
  std::mutex mutex_;
  std::optional<std::string> failure_;
  const std::unique_ptr<Part> part_;
};

struct Kept {
  Backup state;
  raft::Membership members;
};

std::string listed(const raft::Membership& membership) {
  std::string list;
  for (const raft::Member& member : membership.members) {
    list += (list.empty() ? "" : ", ") + std::to_string(member.id.value());
  }
  return list;
}

// The membership goes on from entry to entry as the log does.
void take_entry(Kept& kept, const tenon_entry& entry) {
  const std::optional<wire::DecodedEntry> decoded = wire::decode_entry(view(entry.data));
  if (!decoded || !apply_entry(*kept.state.store, view(entry.data))) {
    throw Error(TENON_ERROR_CORRUPT, "the entry at index " + std::to_string(entry.index) +
                                         " cannot be read: its checksum or format is not that of this version");
  }
  if (decoded->kind == raft::EntryKind::membership) kept.members = decoded->membership;
  kept.state.position.index = entry.index;
  kept.state.position.term = entry.term;
}

// All that is there, also what was not committed: nobody is left who could say that it was.
Kept read_all(Instance& instance, const std::string& cluster_id) {
  StorageEnd end(instance.port(), {}, [&] { return instance.failure(); });
  Kept kept;
  kept.state.position.cluster_id = cluster_id;
  kept.state.store = std::make_unique<kv::Store>();
  std::optional<node::LoadedImage> image = node::load_newest_image(instance.port(), cluster_id, [](auto, auto) {});
  if (image) {
    kept.state.position.index = image->identity.index.value();
    kept.state.position.term = image->term.value();
    kept.state.store = std::move(image->store);
    kept.members = std::move(image->membership);
  }
  std::uint64_t next = std::max(end.found().first_index, kept.state.position.index + 1);
  if (next > kept.state.position.index + 1) {
    throw Error(TENON_ERROR_CORRUPT, "the log begins at index " + std::to_string(next) + ", and the image ends at " +
                                         std::to_string(kept.state.position.index) + ": what is between them is lost");
  }
  while (next <= end.found().last_index) {
    const std::unique_ptr<const StorageEnd::Read> read = end.read(next, end.found().last_index + 1);
    for (const tenon_entry& entry : read->entries()) take_entry(kept, entry);
    next = kept.state.position.index + 1;
  }
  if (kept.state.position.index == 0) {
    throw Error(TENON_ERROR_INVALID,
                "the data directory holds neither an image nor a log, so there is nothing to recover");
  }
  return kept;
}

void sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_durable = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!is_durable) throw Error(TENON_ERROR_IO, directory.string() + " cannot be synced: " + std::strerror(error));
}

// Where the old one is kept: under a name that is free.
std::filesystem::path put_away_name(const std::filesystem::path& data_directory) {
  const std::filesystem::path first = data_directory / kPutAwayName;
  std::filesystem::path name = first;
  for (int number = 2; std::filesystem::exists(name); ++number) name = first.string() + "." + std::to_string(number);
  return name;
}

std::filesystem::path change_places(const std::filesystem::path& data_directory) {
  const std::filesystem::path storage = data_directory / kStorageName;
  const std::filesystem::path recovering = data_directory / kRecoveringName;
  if (::renameat2(AT_FDCWD, recovering.c_str(), AT_FDCWD, storage.c_str(), RENAME_EXCHANGE) != 0) {
    throw Error(TENON_ERROR_IO, recovering.string() + " and " + storage.string() +
                                    " cannot change places: " + std::strerror(errno) +
                                    "; nothing was changed. Use a file system that can, as "
                                    "ext4, xfs or btrfs");
  }
  sync_directory(data_directory);
  const std::filesystem::path put_away = put_away_name(data_directory);
  std::filesystem::rename(recovering, put_away);
  sync_directory(data_directory);
  return put_away;
}

}  // namespace

std::string new_cluster_id(const std::string& old_cluster_id) {
  constexpr char digits[] = "0123456789abcdef";
  std::string mark = "-recovered-";
  std::random_device device;
  for (unsigned drawn = device(), count = 0; count < 8; ++count, drawn >>= 4) mark.push_back(digits[drawn & 15]);
  return old_cluster_id.substr(0, kClusterIdBytesMax - mark.size()) + mark;
}

Recovery recover_data_directory(const config::Config& config, const PluginSelection& plugins,
                                const std::string& cluster_id, RecoveryMode mode, host::Logger& logger) {
  if (cluster_id == config.cluster_id) {
    throw Error(TENON_ERROR_INVALID, "the new cluster has the id of the old one, '" + cluster_id +
                                         "'; it needs another, so that no node of the old cluster can enter it");
  }
  const std::filesystem::path directory = std::filesystem::absolute(config.data_directory).lexically_normal();
  if (!std::filesystem::is_directory(directory / kStorageName)) {
    throw Error(TENON_ERROR_INVALID, directory.string() + " holds no node, so there is nothing to recover");
  }
  const DataDirectoryLock lock(directory);
  check_is_startable(directory);
  Recovery done;
  done.cluster_id = cluster_id;
  Kept kept = [&] {
    Instance old(config, plugins, logger, kStorageName);
    return read_all(old, config.cluster_id);
  }();
  done.position = kept.state.position;
  done.revision = kept.state.store->revision();
  done.key_count = kept.state.store->key_count();
  done.members = listed(kept.members);
  if (mode == RecoveryMode::look) return done;
  logger.write(TENON_SEVERITY_WARNING, "server",
               "makes the new cluster " + cluster_id + " of this node alone, of all that it has of the cluster " +
                   config.cluster_id);
  std::filesystem::remove_all(directory / kRecoveringName);
  {
    config::Config of_new = config;
    of_new.cluster_id = cluster_id;
    Instance made(of_new, plugins, logger, kRecoveringName);
    host::StorageSession session(made.port(), logger);
    RestoreAs as{cluster_id, {}, static_cast<int>(config.snapshots.compression_level)};
    as.members.members.push_back({raft::NodeId(config.node_id)});
    restore(session, made.port(), kept.state, as);
  }
  done.put_away = change_places(directory);
  return done;
}

}  // namespace tenon::server
