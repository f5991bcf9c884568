// SPDX-License-Identifier: MIT
// Reads a segment from its beginning and says what the log holds after it, without changing a byte.
//
// Where the first record that is not whole lies at X, the bytes from X on are one of three things.
//   nothing     they are all zero, and the last batch ends at X
//   torn        writes that were never synced, cut short by a crash; in the last segment only
//   corrupt     a batch after X has a mark beyond X, or a later segment is there, so X had been synced; or bytes lie
//               where nothing was ever written; or the file is shorter than it was; or a whole record says what cannot
//               be
// Only corruption throws. What cannot be told from a torn write is damage to the last batch, when no later batch and no
// clean close proves that it was synced.
#pragma once

#include "entry_index.hpp"
#include "filewal/file_log.hpp"
#include "filewal/file_system.hpp"
#include "format.hpp"

namespace tenon::filewal {

// How far the reading of the log is.
struct ScannedLog {
  EntryIndex entries;
  std::uint32_t previous = 0;  // the checksum of the last whole header
};

struct ScannedSegment {
  std::uint32_t salt = 0;
  std::uint64_t end = 0;          // where the next batch goes
  std::uint64_t durable_end = 0;  // the greatest mark: what lies before it was synced
  bool torn = false;
  std::uint64_t torn_end = 0;   // when torn: all bytes from here on are zero; >= end
  bool ends_with_mark = false;  // the last record proves that all before it was synced
};

enum class SegmentRole {
  oldest = 1,  // begins the log, with what its header says of it
  last = 2,    // may be torn
  only = oldest | last,
  middle = 0,
};

struct SegmentSource {
  const File& file;
  std::string path;  // for messages
  std::uint64_t number;
  SegmentRole role;
  Incarnation incarnation;
};

// Takes the log through one segment. Logs its progress through a large one. Throws Error(CORRUPT) with file and offset,
// Error(UNSUPPORTED) for a newer format, Error(IO).
ScannedSegment scan_segment(const SegmentSource& source, ScannedLog& log, const LoggerFunction& logger);

// Returns the offset after the last byte at or after `offset` that is not zero; `offset` when there is none.
std::uint64_t end_of_content(const File& file, std::uint64_t offset);

}  // namespace tenon::filewal
