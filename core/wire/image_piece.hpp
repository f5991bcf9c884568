// SPDX-License-Identifier: MIT
// What every piece of an image begins with, and the bodies of header and footer; wire/image.hpp has the grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "membership_codec.hpp"
#include "stream_hash.hpp"
#include "wire/entry_data.hpp"
#include "wire/image.hpp"

namespace tenon::wire {

inline constexpr std::uint32_t kImageFormat = 2;

enum class PieceKind : std::uint8_t { header = 1, chunk = 2, footer = 3 };
enum class Coding : std::uint8_t { raw = 0, zstd = 1 };

inline constexpr std::size_t kHeaderPieceBytesMax =
    kPieceHeadBytes + 4 + 4 + kImageClusterIdBytesMax + 8 + 8 + kMembershipBytesMax + 8 + 4;
inline constexpr std::size_t kFooterPieceBytes = kPieceHeadBytes + 8 + 8 + 16;
static_assert(kHeaderPieceBytesMax <= kPieceBytesMax && kFooterPieceBytes <= kPieceBytesMax);

struct PieceHead {
  std::uint32_t checksum;
  std::uint32_t bytes;  // kPieceHeadBytes to kPieceBytesMax
  PieceKind kind;
  Coding coding;
  std::uint64_t number;
  ImageId image;
};
// Nullopt: fewer than kPieceHeadBytes, or not the head of a piece. The checksum is not compared.
std::optional<PieceHead> read_piece_head(std::string_view first_bytes);

struct Footer {
  std::uint64_t chunks;
  std::uint64_t raw_bytes;
  StreamHash::Value hash;
};

// Appends room for a head, behind which the caller appends the body. Returns where the piece begins.
std::size_t begin_piece(std::string& output);
// Fills in the head of the piece that begins at `start` and ends with `output`.
void seal_piece(std::string& output, std::size_t start, PieceKind kind, Coding coding, std::uint64_t number,
                const ImageId& image);

// Why the bounds of ImageHeader are not kept; nullptr: they are.
const char* broken_bound(const ImageHeader& header);
void write_header_body(std::string& output, const ImageHeader& header);
// All but the id. False: malformed, out of bounds, or of another format; `reason` says which.
bool read_header_body(std::string_view body, ImageHeader& header, std::string& reason);
void write_footer_body(std::string& output, const Footer& footer);
std::optional<Footer> read_footer_body(std::string_view body);

// How many chunks `raw_bytes` make. Needs: chunk_raw_bytes > 0, raw_bytes <= kImageRawBytesMax.
inline std::uint64_t chunks_of(const ImageHeader& header) {
  return (header.raw_bytes + header.chunk_raw_bytes - 1) / header.chunk_raw_bytes;
}

}  // namespace tenon::wire
