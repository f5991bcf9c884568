// SPDX-License-Identifier: MIT
#include "segment.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

// Two records this close are read by one call, with what lies between them.
constexpr std::uint64_t kReadGapBytesMax = 4096;

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

std::string Segment::born(const Incarnation& incarnation, std::uint32_t salt, std::uint64_t file_bytes) {
  SegmentHeader header;
  header.salt = salt;
  header.incarnation = incarnation;
  header.checksum = header_checksum(header);
  const RecordHeader batch =
      sealed(batch_header(kFirstRecordOffset, file_bytes, 0), salt, kFirstRecordOffset, header.checksum);
  return std::string(header_bytes(header)) + std::string(header_bytes(batch));
}

Segment::Segment(std::unique_ptr<File> file, std::string path, ScannedSegment scanned, std::uint64_t growth_bytes,
                 FileLogStatistics& statistics)
    : file_(std::move(file)),
      path_(std::move(path)),
      growth_bytes_(growth_bytes),
      statistics_(statistics),
      salt_(scanned.salt),
      entries_(std::move(scanned.entries)),
      file_bytes_(file_->size()),
      end_(scanned.end),
      previous_(scanned.previous),
      ends_with_mark_(scanned.ends_with_mark && !scanned.torn) {
  TENON_CHECK(growth_bytes_ > 0);
}

void Segment::stage_entry(std::uint64_t index, std::uint64_t term, std::string_view payload) {
  TENON_CHECK(payload.size() <= kEntryBytesMax);
  TENON_CHECK(entries_.fits(index));
  RecordHeader header;
  header.type = RecordType::entry;
  header.index = index;
  header.term = term;
  header.length = static_cast<std::uint32_t>(payload.size());
  header.payload_checksum = crc32c(payload);
  const std::uint64_t offset = stage(header, payload);
  entries_.append(index, {offset, header.length, header.payload_checksum});
}

void Segment::stage_truncate(std::uint64_t from) {
  RecordHeader header;
  header.type = RecordType::truncate;
  header.index = from;
  stage(header, {});
  entries_.truncate(from);
}

void Segment::stage_compact(std::uint64_t to) {
  RecordHeader header;
  header.type = RecordType::compact;
  header.index = to;
  stage(header, {});
  entries_.compact(to);
}

// Returns the offset that the record will have.
std::uint64_t Segment::stage(const RecordHeader& header, std::string_view payload) {
  const std::uint64_t bytes = record_bytes(payload.size());
  if (has_staged() && staged_end_ + bytes - end_ > kBatchBytesMax) write_batch();
  if (!has_staged()) staged_end_ = end_ + sizeof(RecordHeader);
  const std::uint64_t offset = staged_end_;
  staged_.push_back({header, payload});
  staged_end_ += bytes;
  return offset;
}

void Segment::sync() {
  if (has_staged()) write_batch();
}

void Segment::mark() {
  TENON_CHECK(!has_staged());
  if (ends_with_mark_ || end_ + sizeof(RecordHeader) > file_bytes_) return;
  staged_end_ = end_ + sizeof(RecordHeader);
  write_batch();
}

void Segment::write_batch() {
  make_room(staged_end_);
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
  const Frame trailer;
  if (open_padding_ > 0) pieces_.emplace_back(trailer.padding, open_padding_);
  file_->write(end_, pieces_);
  file_->sync();
  ++statistics_.syncs;
  statistics_.written_bytes += staged_end_ - end_;
  ends_with_mark_ = staged_.empty();
  staged_.clear();
  end_ = staged_end_;
}

void Segment::add_pieces(std::uint64_t offset, RecordHeader header, std::string_view payload) {
  Frame& frame = frames_.emplace_back();
  frame.header = sealed(header, salt_, offset, previous_);
  previous_ = frame.header.checksum;
  const auto skipped = sizeof frame.padding - static_cast<std::size_t>(open_padding_);
  pieces_.push_back(std::string_view(reinterpret_cast<const char*>(&frame), sizeof frame).substr(skipped));
  if (!payload.empty()) pieces_.push_back(payload);
  open_padding_ = padded(payload.size()) - payload.size();
}

// The new size is synced before a batch relies on it: a shorter file is then known to be damaged.
void Segment::make_room(std::uint64_t end) {
  if (end <= file_bytes_) return;
  const std::uint64_t steps = (end - file_bytes_ + growth_bytes_ - 1) / growth_bytes_;
  file_->zero_fill(file_bytes_, steps * growth_bytes_);
  file_->sync();
  file_bytes_ += steps * growth_bytes_;
}

ReadPlan Segment::plan_read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const {
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
  }
  return plan;
}

std::unique_ptr<ReadEntries> Segment::read(const ReadPlan& plan) const {
  auto result = std::make_unique<ReadEntries>();
  const auto& locations = plan.locations;
  std::vector<std::size_t> positions;  // in the buffer, of each record
  for (std::size_t begin = 0; begin < locations.size();) {
    const std::size_t buffered = result->buffer.size();
    const std::uint64_t run_offset = locations[begin].offset;
    std::uint64_t run_end = run_offset;
    while (begin < locations.size() && locations[begin].offset - run_end <= kReadGapBytesMax) {
      positions.push_back(buffered + static_cast<std::size_t>(locations[begin].offset - run_offset));
      run_end = locations[begin].offset + record_bytes(locations[begin].size);
      ++begin;
    }
    result->buffer.resize(buffered + static_cast<std::size_t>(run_end - run_offset));
    const std::span<char> run = std::span(result->buffer).subspan(buffered);
    if (file_->read(run_offset, run) != run.size()) {
      throw Error(TENON_ERROR_CORRUPT,
                  path_ + " ends before offset " + std::to_string(run_end) + ", which was written");
    }
  }
  const std::string_view buffer = result->buffer;
  for (std::size_t entry = 0; entry < locations.size(); ++entry) {
    result->entries.push_back(checked_entry(plan.first + entry, locations[entry], buffer.substr(positions[entry])));
  }
  return result;
}

// Needs: `record` begins with the record, all of it.
tenon_entry Segment::checked_entry(std::uint64_t index, const EntryLocation& location, std::string_view record) const {
  const auto header = decode_header<RecordHeader>(record);
  const std::string_view payload = record.substr(sizeof header, location.size);
  if (header.checksum != header_checksum(header) || header.place != place_of(salt_, location.offset) ||
      header.index != index || header.payload_checksum != location.payload_checksum ||
      crc32c(payload) != location.payload_checksum) {
    throw Error(TENON_ERROR_CORRUPT, path_ + " is damaged at offset " + std::to_string(location.offset) +
                                         ": the entry with index " + std::to_string(index) +
                                         " is not what was written");
  }
  return {index, header.term, bytes(payload)};
}

}  // namespace tenon::filewal
