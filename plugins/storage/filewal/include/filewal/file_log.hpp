// SPDX-License-Identifier: MIT
// One Raft log and its hard state in one directory: a blocking object for one thread, over a FileSystem. FileWalStorage
// gives it a thread; the simulator steps it itself.
//
// The stream of writes is that of storage.h. stage() takes the next write of the stream, sync() makes all that was
// staged durable. After a crash, open() finds the effect of a prefix of the stream that contains at least every write
// staged before a sync() that returned. To keep it a prefix, stage() itself syncs what was staged before when a hard
// state follows entries; a hard state is rare.
//
// Everything that a group of writes does to the log becomes one write and one sync of one file: the current segment.
// What does not fit into it goes into the next, which was set aside before by prepare_spare(). Segments whose entries
// are all compacted are removed. A hard state is written and synced twice, one copy after the other, and counts after
// the second.
//
// After open(), a call that throws has failed the log for good: the bytes of the file are unknown, so nothing more may
// be staged, synced or read, and only close() and destruction are left. plan_read() and read() are no such calls.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filewal/file_system.hpp"
#include "tenon/storage.h"

namespace tenon::filewal {

// Called with a severity of plugin.h and a line for the operator.
using LoggerFunction = std::function<void(std::uint32_t severity, std::string_view line)>;

// What a data directory belongs to.
struct Identity {
  std::string cluster_id;  // at most kStampIdBytesMax bytes
  std::uint64_t node_id = 0;
};

struct Recovered {
  std::string hard_state;  // empty: none was ever written
  std::uint64_t first_index = 1;
  std::uint64_t last_index = 0;
  std::array<std::uint8_t, 16> incarnation = {};
};

struct FileLogOptions {
  // Bytes of a segment, unless one entry needs more; at least kSegmentBytesMin.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
};
inline constexpr std::uint64_t kSegmentBytesMin = 4096;

// A record's segment and the offset of its header there, in one number that ascends with the stream of writes.
class RecordPlace {
 public:
  static constexpr unsigned kOffsetBits = 40;  // segments are smaller, and there are fewer than 2^24 of them

  RecordPlace() = default;
  RecordPlace(std::uint64_t segment, std::uint64_t offset) noexcept : value_(segment << kOffsetBits | offset) {}

  std::uint64_t segment() const noexcept { return value_ >> kOffsetBits; }
  std::uint64_t offset() const noexcept { return value_ & ((std::uint64_t{1} << kOffsetBits) - 1); }

 private:
  std::uint64_t value_ = 0;
};

struct EntryLocation {
  RecordPlace place;
  std::uint32_t size = 0;  // bytes of the payload
  std::uint32_t payload_checksum = 0;
};

struct SegmentFile;

// Where the entries of a read lie, as of the moment it was planned. Stays good while the log is open, whatever is
// staged later: no record is ever written over, and a segment that is removed stays readable while a plan has it.
struct ReadPlan {
  std::uint64_t first = 0;
  std::vector<EntryLocation> locations;                      // of first, first + 1 ..; their places ascend
  std::vector<std::shared_ptr<const SegmentFile>> segments;  // that they lie in, ascending
};

// The entries of one read, which point into its buffer.
struct ReadEntries {
  std::string buffer;
  std::vector<tenon_entry> entries;
};

// Sums since open(); they never fall.
struct FileLogStatistics {
  std::uint64_t syncs = 0;          // of segments and of the hard state, those of the spare excepted
  std::uint64_t written_bytes = 0;  // to both, zero-filling excepted
};

// Of the segment that comes next.
enum class SpareState {
  not_yet,     // the current segment has room for long
  unfinished,  // it is filled step by step
  ready,
  no_space,  // the disk has no room for it
};

class FileLog {
 public:
  // Does nothing on disk. Keeps: the file system, for its life.
  FileLog(FileSystem& file_system, FileLogOptions options, LoggerFunction logger);
  ~FileLog();
  FileLog(const FileLog&) = delete;
  FileLog& operator=(const FileLog&) = delete;

  // Takes the directory, makes a new one into a data directory of this identity, and recovers what another holds. On
  // return everything recovered is durable, a torn tail of the last segment is set aside in a .torn file and cut, and a
  // bad copy of the hard state is repaired; each with a line for the logger. A new one is stamped with the incarnation
  // `birth`, or with a random one when that is all zeros.
  // Throws BUSY: another FileLog or process has the directory. INVALID: it belongs to another plugin, cluster or node.
  // UNSUPPORTED: a newer format. CORRUPT: damage that is not a torn tail. IO, NO_SPACE. Nothing was changed then,
  // except by the last two, which leave a directory that the next open() takes. Called once.
  Recovered open(const Identity& identity, const std::array<std::uint8_t, 16>& birth = {});

  // Takes the next write of the stream into the log. Keeps: what it points to, until the next sync() returns.
  // Throws IO, NO_SPACE. Needs: a write as storage.h allows it; a broken contract aborts.
  void stage(const tenon_write& write);
  // Makes all that was staged durable. Throws IO, NO_SPACE: of what was staged, any prefix may survive.
  void sync();

  // Takes one step towards the segment that comes next, so that no write has to wait for it: at most kSpareStepBytes of
  // zeros, and with the last of them a sync. Does nothing when it is ready or not_yet. Without room it removes what
  // there is of it, and the next call begins anew; writes go on in the current segment, and fail when that is full.
  // Throws IO.
  SpareState prepare_spare();
  static constexpr std::uint64_t kSpareStepBytes = std::uint64_t{256} << 10;
  SpareState spare_state() const noexcept;
  // Whether a step should be taken though there are writes to do, for the spare to be ready when an eighth of the
  // current segment is left.
  bool spare_is_behind() const noexcept;
  // The bytes of all segments, the spare excepted.
  std::uint64_t segments_bytes() const noexcept;

  // Plans to read the entries [first, end): as many from `first` on as bytes_max of payload hold, and at least one.
  // Throws NOT_FOUND: the log, as all staged writes leave it, lacks one of them. Needs: first < end.
  ReadPlan plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const;
  // Throws IO, CORRUPT. Needs: a sync() has returned since the plan was made, or nothing was staged then.
  std::unique_ptr<ReadEntries> read(const ReadPlan& plan) const;

  // Makes all that was staged durable, and marks it so, unless the log has failed; then gives the directory up.
  // Throws IO, NO_SPACE; the directory is given up all the same.
  void close();

  const FileLogStatistics& statistics() const noexcept;

 private:
  class OpenLog;

  FileSystem& file_system_;
  const FileLogOptions options_;
  const LoggerFunction logger_;
  std::unique_ptr<OpenLog> open_;  // from open() to close()
  FileLogStatistics statistics_;
};

}  // namespace tenon::filewal
