// SPDX-License-Identifier: MIT
#include "log_writer.hpp"

#include <algorithm>

#include "data_directory.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::filewal {
namespace {

// A spare is begun when this fraction of the current segment is used, and shall be ready when the other is left.
// Between them each byte of the log brings hardly more than one of zeros, so that syncs do not wait behind many.
constexpr std::uint64_t kSpareBeginsAt = 16;
constexpr std::uint64_t kSpareReadyBefore = 8;
constexpr std::uint64_t kPageBytes = 4096;  // of the memory of the system
// What was written last stays in the memory of the system, for a follower that is not far behind.
constexpr std::uint64_t kCachedBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kReleaseStep = std::uint64_t{1} << 20;

RecordHeader sealed(RecordHeader header, std::uint32_t salt, std::uint64_t offset, std::uint32_t previous) {
  header.place = place_of(salt, offset);
  header.previous = previous;
  header.checksum = header_checksum(header);
  return header;
}

RecordHeader batch_header(std::uint64_t mark, std::uint64_t file_bytes, std::uint64_t batch_bytes) {
  RecordHeader header;
  header.type = RecordType::batch;
  header.index = mark;
  header.term = file_bytes;
  header.length = static_cast<std::uint32_t>(batch_bytes);
  return header;
}

}  // namespace

std::string LogWriter::born(SegmentHeader& header, std::uint64_t file_bytes) {
  header.checksum = header_checksum(header);
  const RecordHeader batch =
      sealed(batch_header(kFirstRecordOffset, file_bytes, 0), header.salt, kFirstRecordOffset, header.checksum);
  return std::string(header_bytes(header)) + std::string(header_bytes(batch));
}

LogWriter::LogWriter(FileSystem& file_system, const Incarnation& incarnation, RecoveredSegments recovered,
                     std::uint64_t segment_bytes, FileLogStatistics& statistics)
    : file_system_(file_system),
      incarnation_(incarnation),
      statistics_(statistics),
      files_(std::move(recovered.files)),
      spare_(file_system, segment_bytes),
      entries_(std::move(recovered.log.entries)),
      compacted_(files_.size() > 1),
      file_bytes_(files_.back()->file->size()),
      end_(recovered.last.end),
      previous_(recovered.log.previous),
      ends_with_mark_(recovered.last.ends_with_mark && !recovered.last.torn) {
  TENON_CHECK(file_bytes_ >= kBornBytes && end_ <= file_bytes_);
  for (const std::shared_ptr<SegmentFile>& one : files_) segments_bytes_ += one->file->size();
}

void LogWriter::stage_entry(std::uint64_t index, std::uint64_t term, std::string_view payload) {
  TENON_CHECK(payload.size() <= kEntryBytesMax);
  TENON_CHECK(entries_.fits(index));
  RecordHeader header;
  header.type = RecordType::entry;
  header.index = index;
  header.term = term;
  header.length = static_cast<std::uint32_t>(payload.size());
  header.payload_checksum = crc32c(payload);
  const RecordPlace place = stage(header, payload);
  entries_.append(index, {place, header.length, header.payload_checksum});
}

void LogWriter::stage_truncate(std::uint64_t from) {
  RecordHeader header;
  header.type = RecordType::truncate;
  header.index = from;
  stage(header, {});
  entries_.truncate(from);
}

void LogWriter::stage_compact(std::uint64_t to) {
  RecordHeader header;
  header.type = RecordType::compact;
  header.index = to;
  stage(header, {});
  entries_.compact(to);
  compacted_ = true;
}

// Returns where the record will lie.
RecordPlace LogWriter::stage(const RecordHeader& header, std::string_view payload) {
  const std::uint64_t bytes = record_bytes(payload.size());
  if (has_staged() && (staged_end_ + bytes - end_ > kBatchBytesMax || staged_end_ + bytes > limit())) write_batch();
  if (!has_staged()) {
    if (end_ + sizeof(RecordHeader) + bytes > limit()) begin_segment(bytes);
    staged_end_ = end_ + sizeof(RecordHeader);
  }
  const RecordPlace place(current().number, staged_end_);
  staged_.push_back({header, payload});
  staged_end_ += bytes;
  return place;
}

// All of the segments before it is synced, so that the next one, by being there, proves that. It has its name only once
// it begins as a segment does, and is written to only once its name is durable.
void LogWriter::begin_segment(std::uint64_t record_bytes) {
  TENON_CHECK(!has_staged());
  auto next = std::make_shared<SegmentFile>();
  next->number = current().number + 1;
  TENON_CHECK(next->number < std::uint64_t{1} << (64 - RecordPlace::kOffsetBits));
  next->file = spare_.take(kBornBytes + sizeof(RecordHeader) + record_bytes + sizeof(RecordHeader));
  SegmentHeader header;
  header.salt = random_salt(file_system_);
  header.segment = next->number;
  header.incarnation = incarnation_;
  header.first_index = entries_.first();
  header.last_index = entries_.last();
  header.previous = previous_;
  next->salt = header.salt;
  const std::string beginning = born(header, next->file->size());
  const std::string_view piece = beginning;
  next->file->write(0, std::span(&piece, 1));
  next->file->sync();
  ++statistics_.syncs;
  statistics_.written_bytes += beginning.size();
  const std::string name = segment_name(next->number);
  next->path = file_system_.path(name);
  file_system_.rename(kSpareName, name);
  if (!mutant("segment-name-not-synced")) file_system_.sync_directory();
  file_bytes_ = next->file->size();
  end_ = kBornBytes;
  previous_ = decode_header<RecordHeader>(piece.substr(kFirstRecordOffset)).checksum;
  released_ = 0;
  ends_with_mark_ = true;
  segments_bytes_ += file_bytes_;
  files_.push_back(std::move(next));
}

void LogWriter::sync() {
  if (compacted_ && mutant("segments-removed-too-early")) remove_old_segments();
  if (has_staged()) write_batch();
  if (compacted_) remove_old_segments();
}

// The oldest first, and each durably gone before the next, so that those that are left have no gap. What is left says
// by itself what the log holds: the entries of a segment that goes are compacted, or superseded by later ones.
void LogWriter::remove_old_segments() {
  compacted_ = false;
  const std::uint64_t needed = entries_.empty() ? current().number : entries_.at(entries_.first()).place.segment();
  while (files_.front()->number < needed) {
    file_system_.unlink(segment_name(files_.front()->number));
    file_system_.sync_directory();
    segments_bytes_ -= files_.front()->file->size();
    files_.pop_front();
  }
}

SpareState LogWriter::spare_state() const noexcept {
  const SpareState state = spare_.state();
  return state == SpareState::unfinished && end_ < file_bytes_ / kSpareBeginsAt ? SpareState::not_yet : state;
}

SpareState LogWriter::prepare_spare() { return spare_state() == SpareState::not_yet ? spare_state() : spare_.step(); }

// The spare's zeros keep step with the bytes of the current segment.
bool LogWriter::spare_is_behind() const noexcept {
  if (spare_state() != SpareState::unfinished) return false;
  const std::uint64_t begin = file_bytes_ / kSpareBeginsAt;
  const std::uint64_t way = file_bytes_ - file_bytes_ / kSpareReadyBefore - begin;
  return end_ > begin && spare_.filled_bytes() < std::min(end_ - begin, way) * spare_.wanted_bytes() / way;
}

void LogWriter::mark() {
  TENON_CHECK(!has_staged());
  // One that was damaged there and cut has no room behind its end, and the next start proves it.
  if (ends_with_mark_ || end_ + sizeof(RecordHeader) > file_bytes_) return;
  staged_end_ = end_ + sizeof(RecordHeader);
  write_batch();
}

void LogWriter::write_batch() {
  frames_.clear();
  pieces_.clear();
  open_padding_ = 0;
  frames_.reserve(staged_.size() + 2);  // pieces point into it: it must not move
  std::uint64_t offset = end_;
  add_pieces(offset, batch_header(end_, file_bytes_, staged_end_ - end_ - sizeof(RecordHeader)), {});
  offset += sizeof(RecordHeader);
  for (const StagedRecord& record : staged_) {
    add_pieces(offset, record.header, record.payload);
    offset += record_bytes(record.payload.size());
  }
  TENON_CHECK(offset == staged_end_ && offset <= file_bytes_);
  // The zeros that follow are there already. With them the write ends with a page, which the system need not fetch from
  // the disk to fill in the rest, should it have dropped it since the zeros were first written.
  static constexpr char kZeros[kPageBytes] = {};
  const std::uint64_t page_end = std::min((offset + kPageBytes - 1) / kPageBytes * kPageBytes, file_bytes_);
  const std::uint64_t zero_bytes = open_padding_ + page_end - offset;
  TENON_CHECK(zero_bytes <= kPageBytes);
  if (zero_bytes > 0) pieces_.emplace_back(kZeros, zero_bytes);
  files_.back()->file->write(end_, pieces_);
  if (!mutant("log-not-synced")) files_.back()->file->sync();
  ++statistics_.syncs;
  statistics_.written_bytes += staged_end_ - end_;
  ends_with_mark_ = staged_.empty();
  staged_.clear();
  end_ = staged_end_;
  release_cache();
}

// The system uses the memory for the zeros of the next segment, and takes none for them from elsewhere.
void LogWriter::release_cache() noexcept {
  if (end_ < released_ + kCachedBytes + kReleaseStep) return;
  const std::uint64_t end = (end_ - kCachedBytes) / kReleaseStep * kReleaseStep;
  files_.back()->file->release_cache(released_, end - released_);
  released_ = end;
}

void LogWriter::add_pieces(std::uint64_t offset, RecordHeader header, std::string_view payload) {
  Frame& frame = frames_.emplace_back();
  frame.header = sealed(header, current().salt, offset, previous_);
  previous_ = frame.header.checksum;
  const auto skipped = sizeof frame.padding - static_cast<std::size_t>(open_padding_);
  pieces_.push_back(std::string_view(reinterpret_cast<const char*>(&frame), sizeof frame).substr(skipped));
  if (!payload.empty()) pieces_.push_back(payload);
  open_padding_ = padded(payload.size()) - payload.size();
}

ReadPlan LogWriter::plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const {
  TENON_CHECK(first < end);
  if (first < entries_.first() || end - 1 > entries_.last()) {
    throw Error(TENON_ERROR_NOT_FOUND, "the log holds " + std::to_string(entries_.first()) + " to " +
                                           std::to_string(entries_.last()) + ", not all of " + std::to_string(first) +
                                           " to " + std::to_string(end - 1));
  }
  ReadPlan plan;
  plan.first = first;
  std::uint64_t bytes = 0;
  for (std::uint64_t index = first; index < end; ++index) {
    const EntryLocation& location = entries_.at(index);
    bytes += location.size;
    if (index > first && bytes > bytes_max) break;
    plan.locations.push_back(location);
    if (plan.segments.empty() || plan.segments.back()->number != location.place.segment()) {
      plan.segments.push_back(files_[location.place.segment() - files_.front()->number]);
    }
  }
  return plan;
}

}  // namespace tenon::filewal
