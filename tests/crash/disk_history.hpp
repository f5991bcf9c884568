// SPDX-License-Identifier: MIT
// The calls that were made on a disk, and the disks that a power cut can leave after any of them.
//
// The model. A file is a node that names lead to. What File::sync() has covered is on the disk, and of what came later
// any part: each write whole, torn at a sector or at a byte, or not at all, in any order, and the file as long as any
// of them made it, with zeros where bytes are missing. Of the names, each change since the last sync_directory() may be
// kept or lost by itself, as POSIX allows; a rename takes effect as one. A name may lead to a file without its bytes,
// and bytes may be there that no name leads to.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/memory_file_system.hpp"

namespace tenon::crash {

using Contents = support::MemoryFileSystem::Contents;
using Node = std::size_t;

struct Call {
  enum class Kind { create, empty, write, truncate, sync, rename, unlink, sync_directory };

  Kind kind;
  Node node = 0;              // of all but the last two kinds
  std::string name = {};      // of a creation, a rename and a removal
  std::string new_name = {};  // of a rename
  std::uint64_t offset = 0;   // of a write; the new size of a truncation
  std::string bytes = {};     // of a write

  bool changes_names() const { return kind == Kind::create || kind == Kind::rename || kind == Kind::unlink; }
};

// "write file 2 at 64: 120 bytes" and the like, for a failure's message.
std::string text_of(const Call& call);

// Which of the changes that were not synced are on the disk.
enum class Kept {
  nothing,
  everything,   // as when the process is killed
  prefix,       // all up to one of them
  torn_prefix,  // the same, and the next write up to a byte in it
  whole_some,   // any of them, each whole
  sectors,      // any sectors of any of them
};
inline constexpr std::size_t kKeptKinds = 6;
const char* name_of(Kept kept);

// A disk while calls are made on it.
class DiskHistory {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  // The nodes 0, 1 .. are the files of `start`, by ascending name.
  explicit DiskHistory(const Contents& start);

  void make(const Call& call);
  // Says whether a power cut now can lose anything.
  bool has_unsynced() const { return !unsynced_.empty(); }
  // What a power cut now leaves, of the many possibilities the generator's.
  Contents cut(Kept kept, std::mt19937_64& generator) const;

 private:
  struct Remains;  // a disk after the cut, while it is put together

  bool is_kept(Kept kept, std::size_t position, std::size_t end, std::mt19937_64& generator) const;

  std::map<Node, std::string> bytes_;  // what is synced of each
  std::map<std::string, Node> names_;  // what is synced
  std::vector<Call> unsynced_;         // in the order of the calls; no syncs among them
};

// Records the calls that change something on a disk in memory.
class RecordingFileSystem final : public filewal::FileSystem {
 public:
  RecordingFileSystem(std::uint64_t seed, const Contents& start);

  const std::vector<Call>& calls() const { return calls_; }
  const Contents& start() const { return start_; }

  std::string path(std::string_view name) const override { return disk_.path(name); }
  void create_directory() override {}
  std::vector<std::string> list() const override { return disk_.list(); }
  std::unique_ptr<filewal::File> open(std::string_view name, filewal::OpenMode mode) override;
  void rename(std::string_view from, std::string_view to) override;
  void unlink(std::string_view name) override;
  void sync_directory() override;
  std::unique_ptr<filewal::FileLock> lock(std::string_view name) override;
  void random_bytes(std::span<std::uint8_t> output) override { disk_.random_bytes(output); }

 private:
  class RecordedFile;

  void create_or_empty(std::string_view name);

  const Contents start_;
  support::MemoryFileSystem disk_;
  std::map<std::string, Node, std::less<>> names_;
  Node next_node_;
  std::vector<Call> calls_;
};

}  // namespace tenon::crash
