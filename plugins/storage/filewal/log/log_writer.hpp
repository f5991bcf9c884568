// SPDX-License-Identifier: MIT
// The segments of an open log: the one that is written to, with the batch that is being gathered, and those before it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "entry_index.hpp"
#include "filewal/file_log.hpp"
#include "format.hpp"
#include "segment_file.hpp"
#include "segment_scan.hpp"
#include "spare_segment.hpp"

namespace tenon::filewal {

// What recovery has found.
struct RecoveredSegments {
  std::deque<std::shared_ptr<SegmentFile>> files;  // ascending, without a gap; at least one
  ScannedLog log;
  ScannedSegment last;
};

class LogWriter {
 public:
  // Bounds the memory and the length of one batch; what is more goes into a second one.
  static constexpr std::uint64_t kBatchBytesMax = std::uint64_t{256} << 20;
  static constexpr std::uint64_t kEntryBytesMax = std::uint64_t{1} << 30;

  // What a new segment begins with: its header, and one empty batch. Sets the checksum.
  static std::string born(SegmentHeader& header, std::uint64_t file_bytes);

  // Keeps: file system and statistics, for its life. Needs: the segments as they were scanned, with any torn tail cut,
  // and all of them synced.
  LogWriter(FileSystem& file_system, const Incarnation& incarnation, RecoveredSegments recovered,
            std::uint64_t segment_bytes, FileLogStatistics& statistics);

  const EntryIndex& entries() const noexcept { return entries_; }
  bool has_staged() const noexcept { return !staged_.empty(); }

  // Each takes a change into the log. stage_entry keeps the payload until the next sync(). Each throws IO, NO_SPACE:
  // what was staged before does not fit with it, and cannot be written.
  void stage_entry(std::uint64_t index, std::uint64_t term, std::string_view payload);
  void stage_truncate(std::uint64_t from);
  void stage_compact(std::uint64_t to);
  // Writes what is staged as one batch and makes it durable; then removes segments of which nothing is left.
  void sync();
  // Makes it provable that all of the current segment was synced. Needs: nothing is staged.
  void mark();

  // As their namesakes of FileLog.
  SpareState prepare_spare();
  SpareState spare_state() const noexcept;
  bool spare_is_behind() const noexcept;
  std::uint64_t segments_bytes() const noexcept { return segments_bytes_; }

  ReadPlan plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const;

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

  const SegmentFile& current() const noexcept { return *files_.back(); }
  // Where batches end at the latest: a mark fits behind.
  std::uint64_t limit() const noexcept { return file_bytes_ - sizeof(RecordHeader); }
  RecordPlace stage(const RecordHeader& header, std::string_view payload);
  void begin_segment(std::uint64_t record_bytes);
  void write_batch();
  void add_pieces(std::uint64_t offset, RecordHeader header, std::string_view payload);
  void remove_old_segments();
  void release_cache() noexcept;

  FileSystem& file_system_;
  const Incarnation incarnation_;
  FileLogStatistics& statistics_;
  std::deque<std::shared_ptr<SegmentFile>> files_;  // ascending, without a gap; the last is the current one
  std::uint64_t segments_bytes_ = 0;                // of all of them
  SpareSegment spare_;
  EntryIndex entries_;      // after all that is staged
  bool compacted_ = false;  // since segments were last removed
  // Of the current segment.
  std::uint64_t file_bytes_;    // all of it zero-filled, and its size synced
  std::uint64_t end_;           // everything before it is written and synced; <= limit() unless a mark has been written
  std::uint64_t released_ = 0;  // <= end_: what is before it the system was asked to keep no longer in memory
  std::uint32_t previous_;      // the checksum of the last header before end_, or of those prepared
  bool ends_with_mark_;         // the last record before end_ is an empty batch
  std::vector<StagedRecord> staged_;
  std::uint64_t staged_end_ = 0;  // when something is staged: where its batch will end; <= limit()
  // Of the batch that is being written; kept only for their memory.
  std::vector<Frame> frames_;
  std::vector<std::string_view> pieces_;
  std::uint64_t open_padding_ = 0;  // bytes of zeros that the last piece still lacks
};

}  // namespace tenon::filewal
