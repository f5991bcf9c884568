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

namespace tenon::host {

struct StorageBoot {
  raft::NodeId self;
  // The members of a new cluster: what an empty directory is born with. nullopt: an empty directory is refused.
  std::optional<raft::Membership> new_members;
  std::uint64_t log_cache_bytes_max = 64u << 20;
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

  // Reads the log, or writes the first of it. Blocks, perhaps for minutes. Throws tenon::Error: what was found and what
  // is wanted. `failed` is asked while waiting, and ends it. Once, before connect().
  raft::Recovered boot(const StorageBoot& boot, const std::function<bool()>& failed);

  // From now on storage's reports go to `events`, which outlives the session; so does what was last said of space.
  void connect(StorageEvents& events);

 private:
  class BootEvents;
  struct BirthWrite;
  // `hard_state` is what was found, perhaps nothing.
  void give_birth(const raft::Membership& members, const std::string& hard_state, const std::function<bool()>& failed);
  void read_log(node::Boot& boot, const std::function<bool()>& failed);
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
};

}  // namespace tenon::host
