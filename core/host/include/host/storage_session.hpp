// SPDX-License-Identifier: MIT
// Storage from open() to close(): opened, read once from its first entry to its last, and born when it is empty.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "host/logger.hpp"
#include "host/storage_events.hpp"
#include "node/boot.hpp"
#include "node/storage_port.hpp"
#include "node/storage_writer.hpp"

namespace tenon::host {

struct StorageBoot {
  // The members of a new cluster: what an empty directory is born with. nullopt: an empty directory is refused, unless
  // the node joins a cluster.
  std::optional<raft::Membership> new_members;
  std::uint64_t log_cache_bytes_max = 64u << 20;
  std::string cluster_id;  // that an image must be of
  bool joins = false;      // an empty directory stays so until a leader fills it
};

class StorageSession {
 public:
  // Opens storage. Keeps: storage, which outlives the session. Throws tenon::Error with what open() said.
  StorageSession(node::StoragePort storage, Logger& logger);
  // Closes storage: every write is durable, unless storage has failed. Needs: what it reports to has stopped using it.
  ~StorageSession();
  StorageSession(const StorageSession&) = delete;
  StorageSession& operator=(const StorageSession&) = delete;

  // Of the data directory, as open() found it.
  raft::Incarnation incarnation() const noexcept;

  // Loads the newest image and reads the log behind it, or writes the first of it. Blocks, perhaps for minutes, and
  // logs its progress. Throws tenon::Error: what was found and what is wanted. `failed` is asked while waiting, and
  // ends it. Once, before connect().
  node::Recovered boot(const StorageBoot& boot, const std::function<bool()>& failed);

  // Throws INVALID unless nothing was ever kept here. Instead of boot(), for what fills an empty directory.
  void expect_empty() const;
  // Makes the hard state that of a node which is in `term` and has not voted. Blocks until it is durable. The same.
  void begin_at(raft::Term term);

  // From now on storage's reports go to `events`, which outlives the session; so does what was last said of space.
  void connect(StorageEvents& events);

 private:
  class BootEvents;
  struct BirthWrite;
  // `hard_state` is what was found, perhaps nothing.
  void give_birth(const raft::Membership& members, const std::string& hard_state, const std::function<bool()>& failed);
  std::optional<node::LoadedImage> load_image(const std::string& cluster_id);
  void read_log(node::Boot& boot, const std::function<bool()>& failed);
  // What was written says when the first write of this start is durable.
  void reset_log(raft::Write write, const std::function<bool()>& failed);
  void report_space(bool is_short);

  const node::StoragePort storage_;
  Logger& logger_;
  tenon_storage_host table_{};
  tenon_recovered found_{};
  const std::unique_ptr<BootEvents> boot_events_;  // outlives close(), which may still answer a read
  std::atomic<StorageEvents*> events_;
  std::mutex space_mutex_;  // held while space is reported, so that what is reported last is what holds
  bool space_is_short_ = false;
  std::unique_ptr<BirthWrite> birth_write_;  // outlives close()
  node::StorageWriter writer_;               // of the write that empties the log; outlives close()
};

}  // namespace tenon::host
