// SPDX-License-Identifier: MIT
#include "backup/log_file.hpp"

#include <cstring>

#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::backup {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::uint8_t kHeader = 1;
constexpr std::uint8_t kEntry = 2;
constexpr std::uint8_t kFooter = 3;
constexpr std::string_view kZeros("\0\0\0", 3);

std::size_t begin_record(std::string& output) {
  const std::size_t start = output.size();
  output.append(kRecordHeadBytes, '\0');
  return start;
}

void seal_record(std::string& output, std::size_t start, std::uint8_t kind) {
  const std::size_t bytes = output.size() - start;
  TENON_CHECK(bytes <= kRecordBytesMax);
  std::string head;
  ByteWriter writer(head);
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(bytes));
  writer.u8(kind);
  writer.raw(kZeros);
  std::memcpy(output.data() + start, head.data(), head.size());
  const std::uint32_t checksum = crc32c(std::string_view(output).substr(start + sizeof(std::uint32_t)));
  std::memcpy(output.data() + start, &checksum, sizeof checksum);
}

std::string entry_text(std::uint64_t index, std::uint64_t term) {
  return "index " + std::to_string(index) + " and term " + std::to_string(term);
}

}  // namespace

std::string encode_header(const LogFileHeader& header) {
  std::string record;
  begin_record(record);
  ByteWriter writer(record);
  writer.raw(kLogFileMagic);
  writer.u32(kFormat);
  writer.block(header.cluster_id);
  writer.u64(header.previous_index);
  writer.u64(header.previous_term);
  writer.u64(header.last_index);
  writer.u64(header.last_term);
  seal_record(record, 0, kHeader);
  return record;
}

void append_entry(std::string& output, const LogFileEntry& entry) {
  const std::size_t start = begin_record(output);
  ByteWriter writer(output);
  writer.u64(entry.index);
  writer.u64(entry.term);
  writer.raw(entry.data);
  seal_record(output, start, kEntry);
}

std::string LogFileCheck::make_footer() const {
  TENON_CHECK(header_ && index_ == header_->last_index && waiting_.empty());
  std::string record;
  begin_record(record);
  ByteWriter writer(record);
  writer.u64(entries_);
  writer.u64(offset_);
  writer.u32(checksum_);
  seal_record(record, 0, kFooter);
  return record;
}

bool LogFileCheck::feed(std::string_view bytes, const Sink& sink) {
  if (!error_.empty()) return false;
  waiting_.append(bytes);
  std::string_view rest = waiting_;
  std::string why;
  while (why.empty() && rest.size() >= kRecordHeadBytes) {
    ByteReader reader(rest);
    reader.u32();
    const std::size_t size = reader.u32();
    if (size < kRecordHeadBytes || size > kRecordBytesMax) {
      why = "found a record of " + std::to_string(size) + " bytes, expected " + std::to_string(kRecordHeadBytes) +
            " to " + std::to_string(kRecordBytesMax);
      break;
    }
    if (rest.size() < size) break;
    const std::string_view record = rest.substr(0, size);
    why = take(record, sink);
    if (!why.empty()) break;
    checksum_ = crc32c(record, checksum_);
    offset_ += size;
    rest.remove_prefix(size);
  }
  if (why.empty() && complete_ && !rest.empty()) why = "the file has ended, and more bytes follow";
  if (!why.empty()) {
    error_ = "at offset " + std::to_string(offset_) + ": " + why;
    complete_ = false;
    return false;
  }
  waiting_.erase(0, waiting_.size() - rest.size());
  return true;
}

std::string LogFileCheck::take(std::string_view record, const Sink& sink) {
  ByteReader reader(record);
  const std::uint32_t checksum = reader.u32();
  reader.u32();
  const std::uint8_t kind = reader.u8();
  const bool zeros = reader.raw(kZeros.size()) == kZeros;
  if (complete_) return "the file has ended, and another record follows";
  if (crc32c(record.substr(sizeof checksum)) != checksum) return "the checksum is not that of the bytes";
  const std::string_view body = record.substr(kRecordHeadBytes);
  if (!zeros || kind < kHeader || kind > kFooter) return "found a record of kind " + std::to_string(kind);
  if ((kind == kHeader) != (offset_ == 0)) return "the header is not the first record";
  if (kind == kHeader) return take_header(body);
  return kind == kEntry ? take_entry(body, sink) : take_footer(body);
}

std::string LogFileCheck::take_header(std::string_view body) {
  ByteReader reader(body);
  if (reader.raw(kLogFileMagic.size()) != kLogFileMagic) return "this is no incremental backup";
  const std::uint32_t format = reader.u32();
  if (reader.ok() && format != kFormat) {
    return "the file has format " + std::to_string(format) + ", and this program reads format " +
           std::to_string(kFormat) + "; use the version of it that made the file";
  }
  LogFileHeader header;
  header.cluster_id = reader.block();
  header.previous_index = reader.u64();
  header.previous_term = reader.u64();
  header.last_index = reader.u64();
  header.last_term = reader.u64();
  if (!reader.done() || header.cluster_id.size() > kClusterIdBytesMax || header.previous_index == 0 ||
      header.last_index < header.previous_index || header.last_term < header.previous_term) {
    return "the header is not one";
  }
  index_ = header.previous_index;
  term_ = header.previous_term;
  header_ = std::move(header);
  return {};
}

std::string LogFileCheck::take_entry(std::string_view body, const Sink& sink) {
  ByteReader reader(body);
  LogFileEntry entry;
  entry.index = reader.u64();
  entry.term = reader.u64();
  entry.data = reader.raw(reader.remaining());
  if (!reader.ok() || entry.index != index_ + 1 || entry.index > header_->last_index || entry.term < term_ ||
      entry.term > header_->last_term) {
    return "found an entry of " + entry_text(entry.index, entry.term) + " behind that of " + entry_text(index_, term_) +
           ", and the last is to be that of " + entry_text(header_->last_index, header_->last_term);
  }
  if (!sink(entry)) return "the entry of " + entry_text(entry.index, entry.term) + " cannot be used";
  index_ = entry.index;
  term_ = entry.term;
  ++entries_;
  return {};
}

std::string LogFileCheck::take_footer(std::string_view body) {
  ByteReader reader(body);
  const std::uint64_t entries = reader.u64();
  const std::uint64_t bytes = reader.u64();
  const std::uint32_t checksum = reader.u32();
  if (!reader.done() || entries != entries_ || bytes != offset_ || checksum != checksum_) {
    return "the footer is that of other records than those before it";
  }
  if (index_ != header_->last_index || term_ != header_->last_term) {
    return "the last entry is that of " + entry_text(index_, term_) + ", expected " +
           entry_text(header_->last_index, header_->last_term);
  }
  complete_ = true;
  return {};
}

std::string LogFileCheck::missing() const {
  if (complete_) return {};
  const std::string wanted = header_ ? "what follows the entry of " + entry_text(index_, term_) : "its header";
  return "it ends at offset " + std::to_string(offset_ + waiting_.size()) + ", and " + wanted + " is missing";
}

bool is_log_file(std::string_view first_bytes) noexcept {
  return first_bytes.size() >= kMagicOffset + kLogFileMagic.size() &&
         first_bytes.substr(kMagicOffset, kLogFileMagic.size()) == kLogFileMagic;
}

}  // namespace tenon::backup
