// SPDX-License-Identifier: MIT
#include "segment_scan.hpp"

#include <algorithm>

#include "file_window.hpp"
#include "tenon/host.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::filewal {
namespace {

constexpr std::uint64_t kProgressBytes = std::uint64_t{256} << 20;

class SegmentScan {
 public:
  SegmentScan(const SegmentSource& source, ScannedLog& log, const LoggerFunction& logger)
      : source_(source), window_(source.file), log_(log), logger_(logger) {}

  ScannedSegment run() {
    read_segment_header();
    std::uint64_t progress = kProgressBytes;
    while (const std::optional<RecordHeader> header = read_chained_record()) {
      apply(*header);
      log_.previous = header->checksum;
      found_.ends_with_mark = header->type == RecordType::batch && header->length == 0;
      found_.end += header->type == RecordType::batch ? sizeof(RecordHeader) : record_bytes(header->length);
      if (found_.end < progress) continue;
      logger_(TENON_SEVERITY_INFO, source_.path + ": recovery has read " + std::to_string(found_.end >> 20) +
                                       " of at most " + std::to_string(window_.file_size() >> 20) + " MiB");
      progress = found_.end + kProgressBytes;
    }
    settle_end();
    return found_;
  }

 private:
  [[noreturn]] void corrupt(std::uint64_t offset, const std::string& what) const {
    throw Error(TENON_ERROR_CORRUPT, source_.path + " is damaged at offset " + std::to_string(offset) + ": " + what +
                                         ". Nothing was changed. Keep a copy of the directory; in a cluster, replace "
                                         "this node by a new one");
  }

  bool is(SegmentRole role) const noexcept { return (static_cast<int>(source_.role) & static_cast<int>(role)) != 0; }

  void read_segment_header() {
    const std::string_view encoded = window_.view(0, sizeof(SegmentHeader));
    if (encoded.size() < sizeof(SegmentHeader)) corrupt(0, "the file is too short for its header");
    const auto header = decode_header<SegmentHeader>(encoded);
    if (!std::equal(std::begin(header.magic), std::end(header.magic), SegmentHeader().magic)) {
      corrupt(0, "it does not begin as a segment does");
    }
    if (header.checksum != header_checksum(header)) corrupt(0, "the header's checksum is wrong");
    if (header.format > kFormat) {
      throw Error(TENON_ERROR_UNSUPPORTED, source_.path + " has format " + std::to_string(header.format) +
                                               ", this version reads up to " + std::to_string(kFormat) +
                                               "; start the newer version that wrote it");
    }
    if (header.incarnation != source_.incarnation) corrupt(0, "the file belongs to another data directory");
    if (header.format != kFormat) corrupt(0, "no version had format " + std::to_string(header.format));
    if (header.segment != source_.number) corrupt(0, "this is segment " + std::to_string(header.segment));
    begin_log(header);
    found_.salt = header.salt;
    log_.previous = header.checksum;
    found_.end = kFirstRecordOffset;
    batch_end_ = found_.end;
    found_.durable_end = kFirstRecordOffset;
  }

  void begin_log(const SegmentHeader& header) {
    if (header.first_index == 0 || header.last_index + 1 < header.first_index) {
      corrupt(0, "the log cannot have held " + std::to_string(header.first_index) + " to " +
                     std::to_string(header.last_index));
    }
    if (is(SegmentRole::oldest)) {
      const bool begins_a_log = header.first_index == 1 && header.last_index == 0 && header.previous == 0;
      if (source_.number == kFirstSegment && !begins_a_log) corrupt(0, "this is not how the first segment begins");
      log_.entries = EntryIndex(header.first_index, header.last_index);
      return;
    }
    if (header.previous != log_.previous || header.first_index != log_.entries.first() ||
        header.last_index != log_.entries.last()) {
      corrupt(0, "it does not continue the segment before it, after which the log holds " +
                     std::to_string(log_.entries.first()) + " to " + std::to_string(log_.entries.last()));
    }
  }

  // The header at `offset`, when its own bytes are whole and it was written for this place.
  std::optional<RecordHeader> read_header(std::uint64_t offset) {
    const std::string_view encoded = window_.view(offset, sizeof(RecordHeader));
    if (encoded.size() < sizeof(RecordHeader)) return {};
    const auto header = decode_header<RecordHeader>(encoded);
    if (header.place != place_of(found_.salt, offset) || header.checksum != header_checksum(header)) return {};
    return header;
  }

  // The record at the end of what was read, when all of it is whole and it continues the record before it.
  std::optional<RecordHeader> read_chained_record() {
    const std::optional<RecordHeader> header = read_header(found_.end);
    if (!header || header->previous != log_.previous) return {};
    if (header->type == RecordType::batch) return header;
    const std::uint64_t left = window_.file_size() - found_.end;
    if (record_bytes(header->length) > left) return {};
    const std::uint64_t payload = found_.end + sizeof(RecordHeader);
    const bool is_whole = checksum_of(payload, header->length) == header->payload_checksum;
    if (!is_whole && !mutant("checksum-ignored")) return {};
    const std::uint64_t padding = padded(header->length) - header->length;
    const std::string_view zeros = window_.view(payload + header->length, static_cast<std::size_t>(padding));
    if (zeros.find_first_not_of('\0') != std::string_view::npos) return {};
    return header;
  }

  std::uint32_t checksum_of(std::uint64_t offset, std::uint64_t size) {
    std::uint32_t checksum = 0;
    while (size > 0) {
      const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(size, FileWindow::kViewBytesMax));
      checksum = crc32c(window_.view(offset, step), checksum);
      offset += step;
      size -= step;
    }
    return checksum;
  }

  void apply(const RecordHeader& header) {
    if (header.type == RecordType::batch) return begin_batch(header);
    if (found_.end + record_bytes(header.length) > batch_end_) corrupt(found_.end, "a record lies outside of a batch");
    switch (header.type) {
      case RecordType::entry:
        if (!log_.entries.fits(header.index)) corrupt(found_.end, out_of_order(header));
        log_.entries.append(header.index,
                            {RecordPlace(source_.number, found_.end), header.length, header.payload_checksum});
        return;
      case RecordType::truncate:
        if (!log_.entries.fits(header.index)) corrupt(found_.end, out_of_order(header));
        log_.entries.truncate(header.index);
        return;
      case RecordType::compact:
        log_.entries.compact(header.index);
        return;
      case RecordType::batch:
        break;
    }
    corrupt(found_.end, "a record has the unknown type " + std::to_string(static_cast<std::uint32_t>(header.type)));
  }

  std::string out_of_order(const RecordHeader& header) const {
    return "index " + std::to_string(header.index) + " does not continue the log of " +
           std::to_string(log_.entries.first()) + " to " + std::to_string(log_.entries.last());
  }

  void begin_batch(const RecordHeader& header) {
    if (header.index > found_.end) corrupt(found_.end, "a batch has a mark beyond its own offset");
    if (header.term > window_.file_size()) {
      corrupt(window_.file_size(), "the file ends here, and had " + std::to_string(header.term) + " bytes");
    }
    found_.durable_end = std::max(found_.durable_end, header.index);
    batch_end_ = found_.end + sizeof(RecordHeader) + header.length;
    if (batch_end_ > header.term) corrupt(found_.end, "a batch is longer than the file was");
  }

  // Decides what the bytes after the last whole record are.
  void settle_end() {
    const std::uint64_t end = found_.end;
    found_.torn_end = end_of_content(window_.file(), end);
    if (mutant("damage-taken-for-torn-end")) return void(found_.torn = true);
    if (end < std::max(found_.durable_end, kBornBytes)) corrupt(end, "this part is older than the last sync");
    if (found_.torn_end == end && end == batch_end_) return;
    if (!is(SegmentRole::last)) corrupt(end, "a later segment is there, so all of this one was synced");
    if (const std::optional<std::uint64_t> batch = find_batch_that_proves_sync()) {
      corrupt(end, "the batch at offset " + std::to_string(*batch) + " proves that this was synced");
    }
    if (end < batch_end_ && found_.torn_end > batch_end_) {
      corrupt(batch_end_, "bytes lie beyond the last batch, where nothing was written");
    }
    found_.torn = true;
  }

  std::optional<std::uint64_t> find_batch_that_proves_sync() {
    for (std::uint64_t offset = found_.end; offset < found_.torn_end; offset += kRecordAlignment) {
      const std::optional<RecordHeader> header = read_header(offset);
      if (!header || header->type != RecordType::batch) continue;
      if (header->index > found_.end || offset == found_.end) return offset;
    }
    return {};
  }

  const SegmentSource& source_;
  FileWindow window_;
  ScannedLog& log_;
  const LoggerFunction& logger_;
  ScannedSegment found_;
  std::uint64_t batch_end_ = 0;  // where the last batch ends by its own account
};

}  // namespace

ScannedSegment scan_segment(const SegmentSource& source, ScannedLog& log, const LoggerFunction& logger) {
  return SegmentScan(source, log, logger).run();
}

std::uint64_t end_of_content(const File& file, std::uint64_t offset) {
  FileWindow window(file);
  std::uint64_t end = offset;
  while (offset < window.file_size()) {
    const std::string_view part = window.view(offset, FileWindow::kViewBytesMax);
    const std::size_t last = part.find_last_not_of('\0');
    if (last != std::string_view::npos) end = offset + last + 1;
    offset += part.size();
  }
  return end;
}

}  // namespace tenon::filewal
