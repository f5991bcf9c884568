// SPDX-License-Identifier: MIT
// The segment that is written to: its file, what the log in it holds, and the batch that is being gathered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "entry_index.hpp"
#include "filewal/file_log.hpp"
#include "format.hpp"
#include "segment_scan.hpp"

namespace tenon::filewal {

class Segment {
 public:
  // Bounds the memory and the length of one batch; what is more goes into a second one.
  static constexpr std::uint64_t kBatchBytesMax = std::uint64_t{256} << 20;
  static constexpr std::uint64_t kEntryBytesMax = std::uint64_t{1} << 30;

  // What a new segment of this salt begins with: the header, and one empty batch.
  static std::string born(const Incarnation& incarnation, std::uint32_t salt, std::uint64_t file_bytes);

  // Keeps: statistics, for its life. Needs: the file as it was scanned, with any torn tail cut, and all of it synced.
  Segment(std::unique_ptr<File> file, std::string path, ScannedSegment scanned, std::uint64_t growth_bytes,
          FileLogStatistics& statistics);

  const EntryIndex& entries() const noexcept { return entries_; }
  bool has_staged() const noexcept { return !staged_.empty(); }

  // Each takes a change into the log. stage_entry keeps the payload until the next sync(). Each throws IO, NO_SPACE:
  // a batch is full and cannot be written.
  void stage_entry(std::uint64_t index, std::uint64_t term, std::string_view payload);
  void stage_truncate(std::uint64_t from);
  void stage_compact(std::uint64_t to);
  // Writes what is staged as one batch and makes it durable.
  void sync();
  // Makes it provable that all of the segment was synced, unless the file would have to grow for that: a full disk must
  // not keep a node from starting. Needs: nothing is staged.
  void mark();

  ReadPlan plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const;
  std::unique_ptr<ReadEntries> read(const ReadPlan& plan) const;

 private:
  struct StagedRecord {
    RecordHeader header;
    std::string_view payload;
  };
  // A header as it is written: behind the padding of the payload before it, so that both are one piece.
  struct Frame {
    char padding[kRecordAlignment] = {};
    RecordHeader header;
  };

  std::uint64_t stage(const RecordHeader& header, std::string_view payload);
  void write_batch();
  void add_pieces(std::uint64_t offset, RecordHeader header, std::string_view payload);
  void make_room(std::uint64_t end);
  tenon_entry checked_entry(std::uint64_t index, const EntryLocation& location, std::string_view record) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  const std::uint64_t growth_bytes_;
  FileLogStatistics& statistics_;
  const std::uint32_t salt_;
  EntryIndex entries_;        // after all that is staged
  std::uint64_t file_bytes_;  // all of it zero-filled, and its size synced
  std::uint64_t end_;         // everything before it is written and synced
  std::uint32_t previous_;    // the checksum of the last header before end_, or of those prepared
  bool ends_with_mark_;       // the last record before end_ is an empty batch
  std::vector<StagedRecord> staged_;
  std::uint64_t staged_end_ = 0;  // when something is staged: where its batch will end
  // Of the batch that is being written; kept only for their memory.
  std::vector<Frame> frames_;
  std::vector<std::string_view> pieces_;
  std::uint64_t open_padding_ = 0;  // bytes of zeros that the last piece still lacks
};

}  // namespace tenon::filewal
