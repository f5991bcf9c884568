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
// That is one of three ways to lose power: a disk may also keep a prefix of all that it was told to write, in that
// order, or nothing of it. The sector at which a write ends early may be torn: its first bytes are new, the others old.
//
// A killed process is another matter: it loses nothing. Its files and locks are simply destroyed.
//
// Calls fail when set_faults() says so. A write that fails has written any part of its bytes; after a sync that fails
// any of the writes that it covered are durable, and of the others the disk may have forgotten that they are not.
// What is durable already changes by damage() only.
//
// The same seed and the same calls give the same bytes, random_bytes() included. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "filewal/file_system.hpp"
#include "tenon/plugin.h"

namespace tenon::support {

enum class DiskCall {
  read,
  write,  // within what the file has; truncation too
  grow,   // a write that makes the file longer
  sync,   // of a file or of the names
  names,  // creation, renaming, removal
};

// What a disk keeps of what was never synced.
struct PowerLoss {
  enum class Keeps { any, prefix, nothing };
  Keeps keeps = Keeps::any;
  bool tears_sectors = false;
};

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
  void lose_power(PowerLoss loss = {});
  // Asked before each call, with the name of the file, which is empty for the directory: the error with which it fails.
  using Faults = std::function<std::optional<tenon_error>(DiskCall call, std::string_view name)>;
  void set_faults(Faults faults);
  // What a failed sync of Linux does: reads still see the bytes that were written since the last sync, but a later sync
  // does not write them, so that they end with the power unless they are written again.
  void forget_unsynced_writes();
  // What reads would see now.
  Contents contents() const;
  // What would be read after a loss of power that keeps nothing else. Needs: a file with this name.
  const std::string& durable(std::string_view name) const;
  // All before this offset was durable when the newest sync of the file that made anything durable began.
  std::uint64_t settled_bytes(std::string_view name) const;
  // Changes what is durable, and what reads see, as a disk that decays or writes to the wrong place does. Needs: these
  // bytes are durable.
  void damage(std::string_view name, std::uint64_t offset, std::string_view bytes);
  // All files are gone. Needs: none is open, none is locked.
  void wipe();

 private:
  struct Node;
  class OpenFile;
  class HeldLock;
  struct Epoch;  // what ends with the power
  struct Trouble;
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

  std::shared_ptr<Node> find(std::string_view name, const char* call) const;
  // The name gets this file, or none, after the other has lost its own; in one step.
  struct Renaming {
    std::string name;
    std::shared_ptr<Node> node;
    std::string lost_name;  // empty: no other
    void perform(Names& names) const;
  };
  void rename(Renaming renaming);
  void lose_writes(Node& node, bool tears_sectors);
  void keep_prefix(bool tears_sectors);

  std::mt19937_64 generator_;
  const std::shared_ptr<Trouble> trouble_;
  const std::uint64_t sector_bytes_;
  Names names_;
  Names durable_names_;
  std::vector<Renaming> unsynced_names_;  // since the last sync_directory()
  std::shared_ptr<Epoch> epoch_;
};

}  // namespace tenon::support
