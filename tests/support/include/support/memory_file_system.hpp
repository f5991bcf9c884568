// SPDX-License-Identifier: MIT
// A disk in memory that forgets on power loss what was never synced.
//
// The model. A file has bytes that reads see and bytes that are durable; File::sync() makes the second the first,
// sync_directory() does so for names. lose_power() leaves of each file the durable bytes and, of every write since the
// last sync, by the seeded generator: all of it, none of it, or any of its sectors (aligned to sector_bytes; a sector
// is written whole or not at all). Writes survive independently of each other, so a later one may survive an earlier
// one, and a file's size grows only with what survives; so does a truncation, whole or not at all. Of the names,
// creations, renames and removals since the last sync_directory() a prefix survives, as in a journal; a file that was
// named but never synced may be empty.
//
// A killed process is another matter: it loses nothing. Its files and locks are simply destroyed.
//
// The same seed and the same calls give the same bytes, random_bytes() included. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "filewal/file_system.hpp"

namespace tenon::support {

class MemoryFileSystem final : public filewal::FileSystem {
 public:
  using Contents = std::map<std::string, std::string>;  // by name

  static constexpr std::uint64_t kSectorBytes = 512;

  explicit MemoryFileSystem(std::uint64_t seed, std::uint64_t sector_bytes = kSectorBytes);
  // A disk that holds these files, durably.
  MemoryFileSystem(std::uint64_t seed, const Contents& contents);
  ~MemoryFileSystem() override;

  std::string path(std::string_view name) const override;
  void create_directory() override {}
  std::vector<std::string> list() const override;
  std::unique_ptr<filewal::File> open(std::string_view name, filewal::OpenMode mode) override;
  void rename(std::string_view from, std::string_view to) override;
  void unlink(std::string_view name) override;
  void sync_directory() override;
  std::unique_ptr<filewal::FileLock> lock(std::string_view name) override;
  void random_bytes(std::span<std::uint8_t> output) override;

  // Ends every lock; a file that is still open can only be destroyed.
  void lose_power();
  // What a failed sync of Linux does: reads still see the bytes that were written since the last sync, but a later sync
  // does not write them, so that they end with the power unless they are written again.
  void forget_unsynced_writes();
  // What reads would see now.
  Contents contents() const;

 private:
  struct Node;
  class OpenFile;
  class HeldLock;
  struct Epoch;  // what ends with the power
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

  std::shared_ptr<Node> find(std::string_view name, const char* call) const;
  void changed_names();
  void lose_writes(Node& node);

  std::mt19937_64 generator_;
  const std::uint64_t sector_bytes_;
  Names names_;
  Names durable_names_;
  std::vector<Names> unsynced_names_;  // after each change since the last sync_directory()
  std::shared_ptr<Epoch> epoch_;
};

}  // namespace tenon::support
