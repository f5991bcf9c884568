// SPDX-License-Identifier: MIT
// What a log must hold after a stream of writes, and the writes of a random but valid stream.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "filewal/file_log.hpp"
#include "support/memory_file_system.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal::test {

struct LogEntry {
  std::uint64_t term;
  std::string data;
  bool operator==(const LogEntry&) const = default;
};

// The content of a log. Two are equal when a reader cannot tell them apart.
struct LogModel {
  std::string hard_state = {};
  std::uint64_t first = 1;
  std::vector<LogEntry> entries = {};  // of first, first + 1 ..

  std::uint64_t last() const { return first + entries.size() - 1; }
  bool operator==(const LogModel&) const = default;
};

// A tenon_write with all that it points to. Its address is that of the view, so it does not move.
class OwnedWrite {
 public:
  OwnedWrite() { view_.struct_size = sizeof view_; }
  OwnedWrite(const OwnedWrite&) = delete;
  OwnedWrite& operator=(const OwnedWrite&) = delete;

  OwnedWrite& hard_state(std::string bytes);
  OwnedWrite& truncate(std::uint64_t from);
  OwnedWrite& append(std::uint64_t index, std::uint64_t term, std::string data);
  OwnedWrite& compact(std::uint64_t to);

  // Needs: nothing is added from here on.
  const tenon_write& view(std::uint64_t sequence);

  // Appends to `states` what may be found when a crash cuts this write, from after its first part to all of it, and
  // makes `model` the last.
  void apply(LogModel& model, std::vector<LogModel>& states) const;

 private:
  struct Owned {
    std::uint64_t index;
    std::uint64_t term;
    std::string data;
  };
  std::optional<std::string> hard_state_;
  std::optional<std::uint64_t> truncate_from_;
  std::vector<Owned> owned_;
  std::optional<std::uint64_t> compact_to_;
  std::vector<tenon_entry> entries_;
  tenon_write view_ = {};
};

// A write that the log of `model` allows; `payload_max` bounds each entry.
std::unique_ptr<OwnedWrite> random_write(const LogModel& model, std::mt19937_64& generator, std::size_t payload_max);

inline const Identity kIdentity{"test-cluster", 7};

// A log on a disk in memory, and what it said to the logger.
struct OpenedLog {
  explicit OpenedLog(FileSystem& file_system, std::uint64_t segment_bytes = kSegmentBytesMin,
                     const Identity& identity = kIdentity);
  bool logged(std::string_view part) const;
  // All that the log holds, read back.
  LogModel content() const;

  std::vector<std::string> lines;
  FileLog log;
  Recovered recovered;
};

// Opens what a disk of these files holds, reads all of it, and closes.
LogModel content_of(const support::MemoryFileSystem::Contents& contents);
// The code that open() refuses such a disk with, or TENON_OK.
tenon_error refusal_of(const support::MemoryFileSystem::Contents& contents, std::string* message = nullptr);

// The names of the log's segments, ascending.
std::vector<std::string> segments_of(const FileSystem& disk);

}  // namespace tenon::filewal::test
