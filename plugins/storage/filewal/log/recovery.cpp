// SPDX-License-Identifier: MIT
#include "recovery.hpp"

#include <algorithm>

#include "tenon/host.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::filewal {
namespace {

constexpr std::uint64_t kCopyStep = std::uint64_t{1} << 20;

// Writes the bytes [begin, end) of a segment to `target`, each to its offset less target_begin.
void copy_bytes(const File& segment, std::uint64_t begin, std::uint64_t end, File& target, std::uint64_t target_begin) {
  std::string buffer;
  for (std::uint64_t offset = begin; offset < end; offset += buffer.size()) {
    buffer.resize(static_cast<std::size_t>(std::min(kCopyStep, end - offset)));
    if (segment.read(offset, buffer) != buffer.size()) {
      throw Error(TENON_ERROR_IO, "a segment became shorter while it was read");
    }
    const std::string_view piece = buffer;
    target.write(offset - target_begin, std::span(&piece, 1));
  }
}

// Sets the bytes of a torn tail aside, durably, before they are cut. Of each segment only the latest tail is kept.
void keep_torn_tail(FileSystem& file_system, std::string_view name, const File& segment,
                    const ScannedSegment& scanned) {
  const std::unique_ptr<File> kept = file_system.open(name, OpenMode::replace);
  copy_bytes(segment, scanned.end, scanned.torn_end, *kept, scanned.end);
  kept->sync();
  file_system.sync_directory();
}

void cut_torn_tail(FileSystem& file_system, const SegmentFile& segment, const ScannedSegment& scanned,
                   const LoggerFunction& logger) {
  const std::uint64_t size = scanned.torn_end - scanned.end;
  std::string line = segment.path + ": a crash cut the last write short at offset " + std::to_string(scanned.end) +
                     ", before it was synced. ";
  if (size > 0) {
    const std::string kept = segment_name(segment.number, kTornSuffix);
    keep_torn_tail(file_system, kept, *segment.file, scanned);
    if (!mutant("torn-end-left")) segment.file->zero_fill(scanned.end, size);
    line += std::to_string(size) + " bytes are set aside in " + file_system.path(kept);
  }
  logger(TENON_SEVERITY_WARNING, line);
}

// What the header of the oldest segment says of entries in segments that are gone must not matter any more.
void check_nothing_unknown(const RecoveredSegments& recovered) {
  const EntryIndex& entries = recovered.log.entries;
  if (entries.known_first() == entries.first()) return;
  const SegmentFile& oldest = *recovered.files.front();
  throw Error(TENON_ERROR_CORRUPT,
              oldest.path + " is the oldest segment, and the entries " + std::to_string(entries.first()) + " to " +
                  std::to_string(entries.known_first() - 1) +
                  " lie in older ones, which are missing. Nothing was changed. Restore the files, or replace this node "
                  "by a new one");
}

SegmentRole role_of(std::size_t position, std::size_t count) noexcept {
  if (count == 1) return SegmentRole::only;
  if (position == 0) return SegmentRole::oldest;
  return position + 1 == count ? SegmentRole::last : SegmentRole::middle;
}

}  // namespace

RecoveredSegments read_segments(FileSystem& file_system, const std::vector<std::uint64_t>& numbers,
                                const Incarnation& incarnation, const LoggerFunction& logger) {
  RecoveredSegments recovered;
  for (std::size_t position = 0; position < numbers.size(); ++position) {
    auto segment = std::make_shared<SegmentFile>();
    const std::string name = segment_name(numbers[position]);
    segment->file = file_system.open(name, OpenMode::existing);
    segment->path = file_system.path(name);
    segment->number = numbers[position];
    const SegmentSource source{*segment->file, segment->path, segment->number, role_of(position, numbers.size()),
                               incarnation};
    recovered.last = scan_segment(source, recovered.log, logger);
    segment->salt = recovered.last.salt;
    recovered.files.push_back(std::move(segment));
  }
  check_nothing_unknown(recovered);
  return recovered;
}

void mend_last_segment(FileSystem& file_system, const RecoveredSegments& recovered, const LoggerFunction& logger) {
  const SegmentFile& segment = *recovered.files.back();
  if (recovered.last.torn) cut_torn_tail(file_system, segment, recovered.last, logger);
  // What is found is reported as kept, but after a kill or a sync that failed the last batch may be in memory only; and
  // a second sync alone does nothing for a page that the first one has failed to write. So it is written once more.
  copy_bytes(*segment.file, recovered.last.durable_end, recovered.last.end, *segment.file, 0);
  segment.file->sync();
}

}  // namespace tenon::filewal
