// SPDX-License-Identifier: MIT
#include "journal.hpp"

#include <fcntl.h>

#include <algorithm>

#include "tenon/crc32c.hpp"

namespace sample_storage {
namespace {

using tenon::ByteReader;
using tenon::ByteWriter;
using tenon::crc32c;

constexpr std::string_view kMagic = "SMPBATCH";
constexpr std::size_t kHeadBytes = 32;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint64_t kEntryHeadBytes = 24;       // of an entry before its data
constexpr std::uint64_t kPieceBytes = 1024 * 1024;  // of what is scanned or copied at once
constexpr char kName[] = "/journal";
constexpr char kNewName[] = "/journal.new";

tenon::Error corrupt(const std::string& path, std::uint64_t offset, const std::string& found) {
  return {TENON_ERROR_CORRUPT, path + ": at offset " + std::to_string(offset) + " found " + found +
                                   "; replace this member by an empty one, or restore a backup"};
}

void encode_entries(std::span<const tenon_entry> entries, ByteWriter& writer) {
  writer.u64(entries.size());
  for (const tenon_entry& entry : entries) {
    const std::string_view data = tenon::view(entry.data);
    writer.u64(entry.index);
    writer.u64(entry.term);
    writer.u32(crc32c(data));
    writer.block(data);
  }
}

void encode_write(const tenon_write& write, ByteWriter& writer) {
  writer.u64(write.parts);
  if ((write.parts & TENON_WRITE_HARD_STATE) != 0) writer.block(tenon::view(write.hard_state));
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) writer.u64(write.truncate_from);
  if ((write.parts & TENON_WRITE_ENTRIES) != 0) encode_entries(tenon::entries(write), writer);
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) writer.u64(write.compact_to);
}

}  // namespace

Journal::Journal(std::string directory, const tenon::Incarnation& incarnation, std::uint64_t dead_bytes_max)
    : directory_(std::move(directory)), incarnation_(incarnation), dead_bytes_max_(dead_bytes_max) {}

void Journal::create(const std::string& directory) { File(directory + kName, O_WRONLY | O_CREAT | O_TRUNC).sync(); }

std::uint64_t Journal::open() {
  // A process that was killed may have renamed and not come to the sync: what is built upon must not be taken back.
  sync_directory(directory_);
  remove_file(directory_ + kNewName);  // what a crash left of a rewrite
  file_.emplace(directory_ + kName, O_RDWR);
  const std::uint64_t file_size = file_->size();
  while (size_ < file_size) {
    const std::optional<std::string> payload = read_payload(size_, file_size);
    if (!payload) break;
    replay(*payload, size_ + kHeadBytes);
    size_ += kHeadBytes + payload->size();
  }
  if (size_ == file_size) return 0;
  if (has_head_after(size_, file_size)) {
    throw corrupt(file_->path(), size_, "damage before bytes that were reported durable");
  }
  file_->truncate(size_);
  file_->sync();
  return file_size - size_;
}

void Journal::append(std::span<const tenon_write* const> writes) {
  std::string payload;
  ByteWriter writer(payload);
  for (const tenon_write* write : writes) encode_write(*write, writer);
  append_payload(payload);
  file_->sync();
  if (is_mostly_dead()) rewrite();
}

// The payload is replayed before it is written, so that what could not be read again is never written.
void Journal::append_payload(std::string_view payload) {
  const std::uint64_t offset = size_;
  replay(payload, offset + kHeadBytes);
  file_->write(offset, encode_batch(offset, payload));
  size_ = offset + kHeadBytes + payload.size();
}

std::string Journal::encode_batch(std::uint64_t offset, std::string_view payload) const {
  const std::string_view salt(reinterpret_cast<const char*>(incarnation_.data()), incarnation_.size());
  std::string batch;
  batch.reserve(kHeadBytes + payload.size());
  ByteWriter writer(batch);
  writer.raw(kMagic);
  writer.u64(payload.size());
  writer.u64(offset);
  writer.u32(crc32c(payload));
  writer.u32(crc32c(batch, crc32c(salt)));
  writer.raw(payload);
  return batch;
}

bool Journal::has_head(std::uint64_t offset, std::uint64_t file_size) const {
  if (file_size - offset < kHeadBytes) return false;
  const std::string head = file_->read(offset, kHeadBytes);
  const std::string_view salt(reinterpret_cast<const char*>(incarnation_.data()), incarnation_.size());
  const std::string_view checked = std::string_view(head).substr(0, kHeadBytes - kChecksumBytes);
  ByteReader reader(head);
  const std::string_view magic = reader.raw(kMagic.size());
  reader.u64();
  const std::uint64_t place = reader.u64();
  reader.u32();
  return magic == kMagic && place == offset && reader.u32() == crc32c(checked, crc32c(salt));
}

// The payload of the batch at `offset`, when it is whole.
std::optional<std::string> Journal::read_payload(std::uint64_t offset, std::uint64_t file_size) const {
  if (!has_head(offset, file_size)) return std::nullopt;
  const std::string head = file_->read(offset, kHeadBytes);
  ByteReader reader(std::string_view(head).substr(kMagic.size()));
  const std::uint64_t size = reader.u64();
  reader.u64();
  const std::uint32_t checksum = reader.u32();
  if (size > file_size - offset - kHeadBytes) return std::nullopt;
  std::string payload = file_->read(offset + kHeadBytes, static_cast<std::size_t>(size));
  if (crc32c(payload) != checksum) return std::nullopt;
  return payload;
}

bool Journal::has_head_after(std::uint64_t offset, std::uint64_t file_size) const {
  std::string piece;
  for (std::uint64_t begin = offset + 1; begin < file_size; begin += kPieceBytes) {
    piece.resize(kPieceBytes + kMagic.size() - 1);  // a magic may lie across two pieces
    piece.resize(file_->read(begin, piece));
    for (std::size_t at = piece.find(kMagic); at != std::string::npos; at = piece.find(kMagic, at + 1)) {
      if (has_head(begin + at, file_size)) return true;
    }
  }
  return false;
}

// Takes over what the writes of a payload say; `offset` is where it lies.
void Journal::replay(std::string_view payload, std::uint64_t offset) {
  const std::uint64_t end_offset = offset + payload.size();
  ByteReader reader(payload);
  while (reader.remaining() > 0) {
    const std::uint64_t parts = reader.u64();
    if ((parts & TENON_WRITE_HARD_STATE) != 0) hard_state_ = reader.block();
    if ((parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) truncate_suffix(reader.u64());
    if ((parts & TENON_WRITE_ENTRIES) != 0) replay_entries(reader, end_offset);
    if ((parts & TENON_WRITE_COMPACT_PREFIX) != 0) compact_prefix(reader.u64());
  }
  if (!reader.ok() || hard_state_.size() > TENON_HARD_STATE_BYTES_MAX) {
    throw corrupt(file_->path(), offset, "a write that is not of this format");
  }
}

void Journal::replay_entries(ByteReader& reader, std::uint64_t end_offset) {
  for (std::uint64_t left = reader.u64(); left > 0 && reader.ok(); --left) {
    const std::uint64_t index = reader.u64();
    const std::uint64_t term = reader.u64();
    const std::uint32_t checksum = reader.u32();
    const std::string_view data = reader.block();
    const std::uint64_t offset = end_offset - reader.remaining() - data.size();
    if (reader.ok() && index != last_index() + 1) {
      throw corrupt(file_->path(), offset,
                    "entry " + std::to_string(index) + " behind entry " + std::to_string(last_index()));
    }
    places_.push_back({term, offset, static_cast<std::uint32_t>(data.size()), checksum});
    live_bytes_ += kEntryHeadBytes + data.size();
  }
}

void Journal::truncate_suffix(std::uint64_t from) {
  while (!places_.empty() && last_index() >= from) {
    live_bytes_ -= kEntryHeadBytes + places_.back().size;
    places_.pop_back();
  }
}

void Journal::compact_prefix(std::uint64_t to) {
  while (!places_.empty() && first_index_ <= to) {
    live_bytes_ -= kEntryHeadBytes + places_.front().size;
    places_.pop_front();
    ++first_index_;
  }
  first_index_ = std::max(first_index_, places_.empty() ? to + 1 : first_index_);
}

EntryBlock Journal::read(std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max) const {
  if (first < first_index_ || end > last_index() + 1 || first >= end) {
    throw tenon::Error(TENON_ERROR_NOT_FOUND, "the log does not hold what is to be read");
  }
  const auto begin = places_.begin() + static_cast<std::ptrdiff_t>(first - first_index_);
  std::size_t count = 1;
  std::size_t size = begin->size;
  while (count < end - first && size + begin[static_cast<std::ptrdiff_t>(count)].size <= bytes_max) {
    size += begin[static_cast<std::ptrdiff_t>(count++)].size;
  }
  EntryBlock block;
  block.entries.reserve(count);
  block.data.resize(size);
  std::size_t at = 0;
  for (auto place = begin; block.entries.size() < count; ++place) {
    const std::span<char> data(block.data.data() + at, place->size);
    const std::string_view text(data.data(), data.size());
    if (file_->read(place->offset, data) != data.size() || crc32c(text) != place->checksum) {
      throw corrupt(file_->path(), place->offset, "an entry that is not what was written");
    }
    block.entries.push_back({first + block.entries.size(), place->term, tenon::bytes(text)});
    at += place->size;
  }
  return block;
}

bool Journal::is_mostly_dead() const noexcept { return size_ > 2 * live_bytes_ + dead_bytes_max_; }

// Copies what is alive into a new file, which takes the place of this one in one step.
void Journal::rewrite() {
  Journal fresh(directory_, incarnation_, dead_bytes_max_);
  fresh.file_.emplace(directory_ + kNewName, O_RDWR | O_CREAT | O_TRUNC);
  const auto copy = [&fresh](const tenon_write& write) {
    std::string payload;
    ByteWriter writer(payload);
    encode_write(write, writer);
    fresh.append_payload(payload);
  };
  copy({.parts = TENON_WRITE_HARD_STATE | TENON_WRITE_COMPACT_PREFIX,
        .hard_state = tenon::bytes(hard_state_),
        .compact_to = first_index_ - 1});
  while (fresh.last_index() < last_index()) {
    const EntryBlock block = read(fresh.last_index() + 1, last_index() + 1, kPieceBytes);
    copy({.parts = TENON_WRITE_ENTRIES, .entries = block.entries.data(), .entry_count = block.entries.size()});
  }
  fresh.file_->sync();
  rename_file(directory_ + kNewName, directory_ + kName);
  sync_directory(directory_);
  *this = std::move(fresh);
}

}  // namespace sample_storage
