// SPDX-License-Identifier: MIT
#include "format.hpp"

#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::leveldb_storage {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kImageKeyBytes = 8 + 16;

void append_big_endian(std::string& key, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(value >> shift));
}

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

std::string_view as_text(const std::array<std::uint8_t, 16>& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_image(std::string& key, const ImageKey& image) {
  append_big_endian(key, image.index);
  key += as_text(image.id);
}

ImageKey image_in(std::string_view bytes) noexcept {
  ImageKey image;
  image.index = big_endian(bytes.substr(0, 8));
  std::memcpy(image.id.data(), bytes.data() + 8, image.id.size());
  return image;
}

void append_checksum(std::string_view key, std::string& value) {
  const std::uint32_t checksum = crc32c(value, crc32c(key));
  ByteWriter(value).u32(checksum);
}

// Returns the value without its checksum, or nothing when that is wrong.
std::optional<std::string_view> checked(std::string_view key, std::string_view value) {
  if (value.size() < kChecksumBytes) return {};
  const std::string_view body = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(body.size())).u32() != crc32c(body, crc32c(key))) return {};
  return body;
}

}  // namespace

std::string mark_key(std::uint64_t batch) { return {kMarkKey, batch % 2 == 0 ? '0' : '1'}; }

std::string encode_mark(const Mark& mark) {
  std::string value;
  ByteWriter writer(value);
  writer.u64(mark.batch);
  writer.u64(mark.synced.file);
  writer.u64(mark.synced.bytes);
  writer.raw(as_text(mark.incarnation));
  append_checksum(mark_key(mark.batch), value);
  return value;
}

std::optional<Mark> decode_mark(std::string_view key, std::string_view value) {
  const std::optional<std::string_view> body = checked(key, value);
  if (!body || value.size() != kMarkValueBytes) return {};
  ByteReader reader(*body);
  Mark mark;
  mark.batch = reader.u64();
  mark.synced.file = reader.u64();
  mark.synced.bytes = reader.u64();
  const std::string_view incarnation = reader.raw(mark.incarnation.size());
  std::memcpy(mark.incarnation.data(), incarnation.data(), incarnation.size());
  if (key != mark_key(mark.batch)) return {};
  return mark;
}

std::string encode_hard_state(std::string_view payload) {
  std::string value(payload);
  append_checksum({&kHardStateKey, 1}, value);
  return value;
}

std::optional<std::string> decode_hard_state(std::string_view value) {
  const std::optional<std::string_view> body = checked({&kHardStateKey, 1}, value);
  if (!body || body->size() > TENON_HARD_STATE_BYTES_MAX) return {};
  return std::string(*body);
}

std::string encode_bounds(const Bounds& bounds) {
  std::string value;
  ByteWriter writer(value);
  writer.u64(bounds.first);
  writer.u64(bounds.last);
  append_checksum({&kBoundsKey, 1}, value);
  return value;
}

std::optional<Bounds> decode_bounds(std::string_view value) {
  const std::optional<std::string_view> body = checked({&kBoundsKey, 1}, value);
  if (!body || body->size() != 16) return {};
  ByteReader reader(*body);
  Bounds bounds;
  bounds.first = reader.u64();
  bounds.last = reader.u64();
  if (bounds.first == 0 || bounds.last < bounds.first - 1) return {};
  return bounds;
}

std::string entry_key(std::uint64_t index) {
  std::string key(1, kEntryKey);
  append_big_endian(key, index);
  return key;
}

std::optional<std::uint64_t> entry_index(std::string_view key) noexcept {
  if (key.size() != 9 || key.front() != kEntryKey) return {};
  return big_endian(key.substr(1));
}

void encode_entry(std::uint64_t index, std::uint64_t term, std::string_view payload, std::string& value) {
  value.clear();
  ByteWriter writer(value);
  writer.u64(term);
  writer.raw(payload);
  append_checksum(entry_key(index), value);
}

std::optional<Entry> decode_entry(std::uint64_t index, std::string_view value) {
  const std::optional<std::string_view> body = checked(entry_key(index), value);
  if (!body || body->size() < 8) return {};
  return Entry{ByteReader(*body).u64(), body->substr(8)};
}

std::string encode_newest(const NewestImage& newest) {
  std::string value;
  ByteWriter writer(value);
  writer.u64(newest.key.index);
  writer.raw(as_text(newest.key.id));
  writer.u64(newest.size);
  append_checksum({&kNewestKey, 1}, value);
  return value;
}

std::optional<NewestImage> decode_newest(std::string_view value) {
  const std::optional<std::string_view> body = checked({&kNewestKey, 1}, value);
  if (!body || body->size() != kImageKeyBytes + 8) return {};
  ByteReader reader(*body);
  NewestImage newest;
  newest.key.index = reader.u64();
  const std::string_view id = reader.raw(newest.key.id.size());
  std::memcpy(newest.key.id.data(), id.data(), id.size());
  newest.size = reader.u64();
  return newest;
}

std::string unfinished_key(const ImageKey& image) {
  std::string key(1, kUnfinishedKey);
  append_image(key, image);
  return key;
}

std::optional<ImageKey> unfinished_image(std::string_view key) noexcept {
  if (key.size() != 1 + kImageKeyBytes || key.front() != kUnfinishedKey) return {};
  return image_in(key.substr(1));
}

std::string piece_key(const ImageKey& image, std::uint64_t offset) {
  std::string key(1, kPieceKey);
  append_image(key, image);
  append_big_endian(key, offset);
  return key;
}

std::optional<PieceKey> piece_of(std::string_view key) noexcept {
  if (key.size() != 1 + kImageKeyBytes + 8 || key.front() != kPieceKey) return {};
  return PieceKey{image_in(key.substr(1)), big_endian(key.substr(1 + kImageKeyBytes))};
}

std::string encode_piece(std::string_view key, std::string_view bytes) {
  std::string value(bytes);
  append_checksum(key, value);
  return value;
}

std::optional<std::string_view> decode_piece(std::string_view key, std::string_view value) {
  return checked(key, value);
}

}  // namespace tenon::leveldb_storage
