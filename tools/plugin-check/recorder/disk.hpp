// SPDX-License-Identifier: MIT
// The disks that a power cut can leave of a data directory, after any of the recorded calls.
//
// The model. What a sync of a file has covered is on the disk, and of what came later any part: each write whole, torn
// at a sector of 512 bytes, or not at all, in any order, and the file as long as any of them made it, with zeros where
// bytes are missing. A sync of a file says nothing of its name: of the names in a directory, each change since the last
// sync of that directory may be kept or lost by itself, as POSIX allows; a rename takes effect as one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "recorder/operation.hpp"
#include "recorder/sparse_bytes.hpp"

namespace tenon::plugin_check {

// By path relative to the data directory; nullopt: a directory.
using Contents = std::map<std::string, std::optional<SparseBytes>>;

// Which of the changes that were not synced are on the disk.
enum class Kept {
  nothing,
  everything,   // as when the process is killed
  prefix,       // all up to one of them
  torn_prefix,  // the same, and the next write up to a sector in it
  whole_some,   // any of them, each whole
  sectors,      // any sectors of any of them
  data_only     // all that was done to files, and no name
};
inline constexpr std::size_t kKeptKinds = 7;
const char* text_of(Kept kept);

class Disk {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  // Keeps: the operation, which must stay where it is.
  void make(const Operation& operation);
  // What a power cut now leaves; of the many possibilities the generator's.
  Contents cut(Kept kept, std::mt19937_64& generator) const;

  // How a directory differs from what everything that was made leaves there: bytes that no recorded call wrote. Empty:
  // it does not. Only files that were synced count, for nothing else is promised of the others.
  std::string difference(const std::filesystem::path& directory) const;

 private:
  struct Remains {  // a disk after the cut, while it is put together
    std::map<Node, SparseBytes> files;
    std::map<Place, Node> names;
  };

  bool is_kept(Kept kept, const Operation& operation, std::size_t position, std::size_t end,
               std::mt19937_64& generator) const;
  static void apply(const Operation& operation, Remains& remains);
  static void tear(const Operation& operation, Kept kept, std::mt19937_64& generator, Remains& remains);
  // What each name leads to, also a directory; one that is not reached is lost with all that is in it.
  std::map<std::string, Node> paths_of(const Remains& remains) const;
  Contents contents_of(const Remains& remains) const;

  Remains synced_;
  std::set<Node> directories_ = {kRootNode};
  std::set<Node> ever_synced_;
  std::vector<const Operation*> unsynced_;  // in the order of the calls; no syncs and no marks among them
};

// Makes the directory anew with these contents. Throws std::runtime_error.
void save(const Contents& contents, const std::filesystem::path& directory);

}  // namespace tenon::plugin_check
