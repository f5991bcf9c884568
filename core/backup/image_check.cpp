// SPDX-License-Identifier: MIT
#include "backup/image_check.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::backup {
namespace {

// The numbers of wire/image.hpp; a test compares what both accept.
constexpr std::size_t kHeadBytes = 36;
constexpr std::size_t kImageIdBytes = 16;
constexpr std::size_t kChunkHeadBytes = kHeadBytes + 4;
constexpr std::size_t kFooterBytes = kHeadBytes + 8 + 8 + 16;
constexpr std::uint32_t kChunkRawBytesMax = 4u << 20;
constexpr std::size_t kPieceBytesMax = kChunkHeadBytes + kChunkRawBytesMax;
constexpr std::size_t kNodeBytes = 8 + 16;  // id and incarnation, of a member and of a former one
constexpr std::uint32_t kFormat = 2;
constexpr std::uint8_t kHeader = 1;
constexpr std::uint8_t kChunk = 2;
constexpr std::uint8_t kFooter = 3;

// Passes over a membership as images of this format hold it.
void skip_membership(ByteReader& reader) {
  constexpr std::size_t kStandingBytes = 1 + 8;
  const std::uint32_t members = reader.u32();
  for (std::uint32_t member = 0; member < members && reader.ok(); ++member) {
    reader.raw(kNodeBytes + kStandingBytes);
    const std::uint8_t addresses = reader.u8();
    for (std::uint8_t address = 0; address < addresses && reader.ok(); ++address) reader.block();
  }
  reader.raw(kNodeBytes * reader.u32());
}

// Of the piece that begins with these bytes, kPieceHeadBytes at least.
std::size_t size_of(std::string_view first_bytes) {
  ByteReader reader(first_bytes);
  reader.u32();
  return reader.u32();
}

}  // namespace

bool ImageCheck::feed(std::string_view stored) {
  if (!error_.empty()) return false;
  waiting_.append(stored);
  std::string_view rest = waiting_;
  while (error_.empty() && rest.size() >= kHeadBytes) {
    const std::size_t size = size_of(rest);
    if (size < kHeadBytes || size > kPieceBytesMax) {
      error_ = "found a piece of " + std::to_string(size) + " bytes, expected " + std::to_string(kHeadBytes) + " to " +
               std::to_string(kPieceBytesMax);
      break;
    }
    if (rest.size() < size) break;
    error_ = take(rest.substr(0, size));
    if (!error_.empty()) break;
    rest.remove_prefix(size);
    offset_ += size;
    ++number_;
  }
  if (error_.empty() && complete_ && !rest.empty()) error_ = "the image has ended, and more bytes follow";
  if (!error_.empty()) {
    error_ = "at offset " + std::to_string(offset_) + ", piece " + std::to_string(number_) + ": " + error_;
    complete_ = false;
    return false;
  }
  waiting_.erase(0, waiting_.size() - rest.size());
  return true;
}

std::string ImageCheck::take(std::string_view piece) {
  ByteReader reader(piece);
  const std::uint32_t checksum = reader.u32();
  reader.u32();
  const std::uint8_t kind = reader.u8();
  reader.raw(3);
  const std::uint64_t number = reader.u64();
  const std::string_view image_id = reader.raw(kImageIdBytes);
  if (complete_) return "the image has ended, and another piece follows";
  if (crc32c(piece.substr(sizeof checksum)) != checksum) return "the checksum is not that of the bytes";
  if (number != number_) return "found piece " + std::to_string(number) + " in its place";
  if (number_ == 0) image_id_ = image_id;
  if (image_id != image_id_) return "the piece is of another image";
  const std::string_view body = piece.substr(kHeadBytes);
  if ((kind == kHeader) != (number_ == 0)) return "the header is not the first piece";
  if (kind == kHeader) return take_header(body);
  if (kind == kChunk) return take_chunk(body);
  if (kind == kFooter) return take_footer(body);
  return "found a piece of kind " + std::to_string(kind);
}

std::string ImageCheck::take_header(std::string_view body) {
  ByteReader reader(body);
  const std::uint32_t format = reader.u32();
  if (reader.ok() && format != kFormat) {
    return "the image has format " + std::to_string(format) + ", and this program reads format " +
           std::to_string(kFormat);
  }
  Position position;
  position.cluster_id = reader.block();
  position.index = reader.u64();
  position.term = reader.u64();
  skip_membership(reader);
  raw_bytes_ = reader.u64();
  chunk_raw_bytes_ = reader.u32();
  if (!reader.done() || position.index == 0 || position.term == 0 || chunk_raw_bytes_ == 0 ||
      chunk_raw_bytes_ > kChunkRawBytesMax) {
    return "the header is not one";
  }
  position_ = std::move(position);
  return {};
}

std::string ImageCheck::take_chunk(std::string_view body) {
  ByteReader reader(body);
  const std::uint64_t raw_bytes = reader.u32();
  const std::uint64_t expected = std::min(chunk_raw_bytes_, raw_bytes_ - raw_bytes_seen_);
  if (!reader.ok() || expected == 0 || raw_bytes != expected) {
    return "found a chunk of " + std::to_string(raw_bytes) + " raw bytes, expected " + std::to_string(expected);
  }
  raw_bytes_seen_ += raw_bytes;
  return {};
}

std::string ImageCheck::take_footer(std::string_view body) {
  ByteReader reader(body);
  const std::uint64_t chunks = reader.u64();
  const std::uint64_t raw_bytes = reader.u64();
  if (body.size() != kFooterBytes - kHeadBytes || chunks != number_ - 1 || raw_bytes != raw_bytes_ ||
      raw_bytes_seen_ != raw_bytes_) {
    return "the footer says " + std::to_string(chunks) + " chunks of " + std::to_string(raw_bytes) +
           " raw bytes, found " + std::to_string(number_ - 1) + " of " + std::to_string(raw_bytes_seen_);
  }
  complete_ = true;
  return {};
}

std::string ImageCheck::missing() const {
  if (complete_) return {};
  return "it ends at offset " + std::to_string(offset_ + waiting_.size()) + ", inside of or before piece " +
         std::to_string(number_);
}

}  // namespace tenon::backup
