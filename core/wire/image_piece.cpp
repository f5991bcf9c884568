// SPDX-License-Identifier: MIT
#include "image_piece.hpp"

#include <algorithm>
#include <cstring>

#include "membership_codec.hpp"
#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"
#include "tenon/transport.h"

namespace tenon::wire {
namespace {

// Beside a piece, a frame holds its own head with the cluster's id.
static_assert(kPieceBytesMax + 4096 <= TENON_FRAME_BYTES_MAX);

template <class Bytes>
std::string_view view_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Bytes>
Bytes read_bytes(ByteReader& reader) {
  Bytes bytes{};
  const std::string_view taken = reader.raw(bytes.size());
  std::transform(taken.begin(), taken.end(), bytes.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
  return bytes;
}

bool is_possible(const PieceHead& head) {
  if (head.bytes < kPieceHeadBytes || head.bytes > kPieceBytesMax) return false;
  switch (head.kind) {
    case PieceKind::header:
      return head.number == 0 && head.coding == Coding::raw && head.bytes <= kHeaderPieceBytesMax;
    case PieceKind::chunk:
      return head.number > 0 && (head.coding == Coding::raw || head.coding == Coding::zstd) &&
             head.bytes > kChunkHeadBytes;
    case PieceKind::footer:
      return head.number > 0 && head.coding == Coding::raw && head.bytes == kFooterPieceBytes;
  }
  return false;
}

}  // namespace

std::optional<PieceHead> read_piece_head(std::string_view first_bytes) {
  ByteReader reader(first_bytes);
  PieceHead head{};
  head.checksum = reader.u32();
  head.bytes = reader.u32();
  head.kind = static_cast<PieceKind>(reader.u8());
  head.coding = static_cast<Coding>(reader.u8());
  const bool zeros = reader.raw(2) == std::string_view("\0\0", 2);
  head.number = reader.u64();
  head.image = read_bytes<ImageId>(reader);
  if (!reader.ok() || !zeros || !is_possible(head)) return std::nullopt;
  return head;
}

std::size_t begin_piece(std::string& output) {
  const std::size_t start = output.size();
  output.append(kPieceHeadBytes, '\0');
  return start;
}

void seal_piece(std::string& output, std::size_t start, PieceKind kind, Coding coding, std::uint64_t number,
                const ImageId& image) {
  const std::size_t bytes = output.size() - start;
  TENON_CHECK(bytes >= kPieceHeadBytes && bytes <= kPieceBytesMax);
  std::string head;
  ByteWriter writer(head);
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(bytes));
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u8(static_cast<std::uint8_t>(coding));
  writer.raw(std::string_view("\0\0", 2));
  writer.u64(number);
  writer.raw(view_of(image));
  std::memcpy(output.data() + start, head.data(), head.size());
  const std::uint32_t checksum = crc32c(std::string_view(output).substr(start + sizeof(std::uint32_t)));
  std::memcpy(output.data() + start, &checksum, sizeof checksum);
}

const char* broken_bound(const ImageHeader& header) {
  if (header.cluster_id.size() > kImageClusterIdBytesMax) return "its cluster id is too long";
  if (header.index == raft::LogIndex()) return "its index is 0";
  if (header.term == raft::Term()) return "its term is 0";
  if (header.index.value() > raft::kOrdinalMax) return "its index is beyond what an index may be";
  if (header.term.value() > raft::kOrdinalMax) return "its term is beyond what a term may be";
  if (header.raw_bytes > kImageRawBytesMax) return "its raw size is beyond what an image may have";
  if (header.chunk_raw_bytes == 0) return "its chunks are empty";
  if (header.chunk_raw_bytes > kChunkRawBytesMax) return "its chunks are larger than a chunk may be";
  return nullptr;
}

void write_header_body(std::string& output, const ImageHeader& header) {
  ByteWriter writer(output);
  writer.u32(kImageFormat);
  writer.block(header.cluster_id);
  writer.u64(header.index.value());
  writer.u64(header.term.value());
  write_membership(writer, header.membership);
  writer.u64(header.raw_bytes);
  writer.u32(header.chunk_raw_bytes);
}

bool read_header_body(std::string_view body, ImageHeader& header, std::string& reason) {
  ByteReader reader(body);
  const std::uint32_t format = reader.u32();
  if (reader.ok() && format != kImageFormat) {
    reason = "the image has format " + std::to_string(format) + ", and this program reads format " +
             std::to_string(kImageFormat) + "; use the version of it that made the image";
    return false;
  }
  header.cluster_id = reader.block();
  header.index = raft::LogIndex(reader.u64());
  header.term = raft::Term(reader.u64());
  header.membership = read_membership(reader);
  header.raw_bytes = reader.u64();
  header.chunk_raw_bytes = reader.u32();
  const char* broken = reader.done() ? broken_bound(header) : "its fields do not fill it, or its members are not such";
  if (broken != nullptr) reason = std::string("the header is not one: ") + broken;
  return broken == nullptr;
}

void write_footer_body(std::string& output, const Footer& footer) {
  ByteWriter writer(output);
  writer.u64(footer.chunks);
  writer.u64(footer.raw_bytes);
  writer.raw(view_of(footer.hash));
}

std::optional<Footer> read_footer_body(std::string_view body) {
  ByteReader reader(body);
  Footer footer{};
  footer.chunks = reader.u64();
  footer.raw_bytes = reader.u64();
  footer.hash = read_bytes<StreamHash::Value>(reader);
  if (!reader.done()) return std::nullopt;
  return footer;
}

std::optional<std::uint32_t> piece_bytes(std::string_view first_bytes) {
  const std::optional<PieceHead> head = read_piece_head(first_bytes);
  return head ? std::optional(head->bytes) : std::nullopt;
}

std::optional<std::uint64_t> piece_number(std::string_view first_bytes) {
  const std::optional<PieceHead> head = read_piece_head(first_bytes);
  return head ? std::optional(head->number) : std::nullopt;
}

bool is_sound_piece(std::string_view piece) {
  const std::optional<PieceHead> head = read_piece_head(piece);
  return head && head->bytes == piece.size() && head->checksum == crc32c(piece.substr(sizeof head->checksum));
}

}  // namespace tenon::wire
