// SPDX-License-Identifier: MIT
// An image of the state machine as storage keeps it and as it travels: pieces one after the other, each checked by
// itself, so that a transfer may stop behind any of them and go on later. What the raw bytes mean is core/kv's matter.
//
//   image  = header piece (number 0), chunk pieces 1 to n, footer piece n + 1
//   piece  = u32 checksum     CRC-32C of the piece from the next byte to its end
//            u32 piece_bytes  of the whole piece, the checksum included
//            u8  kind         1 header, 2 chunk, 3 footer
//            u8  coding       of a chunk's bytes: 0 raw, 1 one zstd frame; of other kinds 0
//            u16 zero
//            u64 number
//            u8  image_id[16]
//            body
//   header = u32 format (2), block cluster, u64 index, u64 term, membership as membership_codec.hpp says, u64
//   raw_bytes,
//            u32 chunk_raw_bytes
//   chunk  = u32 raw_bytes, then the bytes; chunk_raw_bytes in every chunk but the last, which has the rest
//   footer = u64 count of chunks, u64 raw_bytes, u8 hash[16]  XXH3 (128 bits, canonical) of all raw bytes
//
// Integers are little-endian. docs/formats.md has an example.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "raft/entry.hpp"

namespace tenon::wire {

// Names one encoding of one state, at random: two nodes' images of the same index are different images.
using ImageId = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kPieceHeadBytes = 4 + 4 + 1 + 1 + 2 + 8 + 16;
inline constexpr std::size_t kChunkHeadBytes = kPieceHeadBytes + 4;
inline constexpr std::uint32_t kChunkRawBytes = 256u << 10;   // docs/decisions/0014 has the reason
inline constexpr std::uint32_t kChunkRawBytesMax = 4u << 20;  // a chunk's piece fits into a frame
inline constexpr std::size_t kPieceBytesMax = kChunkHeadBytes + kChunkRawBytesMax;
inline constexpr std::size_t kImageClusterIdBytesMax = 1024;
inline constexpr std::uint64_t kImageRawBytesMax = std::uint64_t{1} << 50;
inline constexpr int kZstdLevel = 1;  // docs/decisions/0014 has the reason
inline constexpr int kZstdLevelMax = 19;

struct ImageHeader {
  ImageId id = {};
  std::string cluster_id;                          // at most kImageClusterIdBytesMax bytes
  raft::LogIndex index;                            // the last that the state includes; > 0
  raft::Term term;                                 // of the entry there; > 0
  raft::Membership membership;                     // as of that entry; with one member at least
  std::uint64_t raw_bytes = 0;                     // of all chunks; <= kImageRawBytesMax
  std::uint32_t chunk_raw_bytes = kChunkRawBytes;  // 1 to kChunkRawBytesMax
  bool operator==(const ImageHeader&) const = default;
};

// Makes an image. The same header, level and raw bytes give the same pieces, however the bytes are cut into calls. One
// thread at a time. Holds up to one chunk of raw bytes, and zstd's tables: about 0.6 MiB at level 1, and 50 MiB at the
// greatest level with the largest chunks.
class ImageEncoder {
 public:
  // Needs: the bounds of ImageHeader, 1 <= zstd_level <= kZstdLevelMax.
  ImageEncoder(const ImageHeader& header, int zstd_level);
  ImageEncoder(ImageEncoder&&) noexcept;
  ImageEncoder& operator=(ImageEncoder&&) noexcept;
  ~ImageEncoder();

  // Each appends to `output` the pieces that have become whole. In this order: begin once, add as often as wanted,
  // finish once. Needs: what was added by then has exactly the header's raw_bytes.
  void begin(std::string& output);
  void add(std::string_view raw, std::string& output);
  void finish(std::string& output);

 private:
  struct State;
  std::unique_ptr<State> state_;  // null: moved from
};

// Takes an image as it is stored, in cuts of any size, and gives its raw bytes to a sink once the piece that they came
// in is verified. Holds at most one piece and its raw bytes; nothing is allocated from a size before it is checked. One
// thread at a time.
class ImageDecoder {
 public:
  // Takes raw bytes, in their order; false: it has no use for them.
  using Sink = std::function<bool(std::string_view raw)>;

  ImageDecoder();
  ImageDecoder(ImageDecoder&&) noexcept;
  ImageDecoder& operator=(ImageDecoder&&) noexcept;
  ~ImageDecoder();

  // Takes what follows the bytes fed before. False: error() says why, now and at every later call. What the sink got
  // until then is good, but only complete() says that it is all.
  bool feed(std::string_view stored, const Sink& sink);
  // Forgets all that was fed beyond verified_bytes(), with an error that was found there: the next feed goes on from
  // that offset. An error that the sink made stays, for nobody knows what it did with those bytes.
  void drop_unverified();

  // Whether the footer has come, and all before it was what the footer says.
  bool complete() const noexcept;
  // Nullopt until its piece has come.
  const std::optional<ImageHeader>& header() const noexcept;
  // The number of the piece that is wanted next; after complete(), one more than the footer's.
  std::uint64_t next_piece() const noexcept;
  // The offset at which that piece begins: all stored bytes before it are verified, and their raw bytes are in the
  // sink.
  std::uint64_t verified_bytes() const noexcept;
  // Empty, or the offset and number of the piece that was refused, and the reason.
  const std::string& error() const noexcept;
  // For whoever has no more bytes, though error() is empty: the offset and number of the piece that did not come whole.
  // Empty when complete().
  std::string missing() const;

 private:
  struct State;
  std::unique_ptr<State> state_;  // null: moved from
};

// The size and the number of the piece that begins with these bytes, for whoever sends pieces as they are stored.
// Nullopt: fewer than kPieceHeadBytes, or not the head of a piece. Nothing is verified but the head's form; a size is
// at least kPieceHeadBytes and at most kPieceBytesMax.
std::optional<std::uint32_t> piece_bytes(std::string_view first_bytes);
std::optional<std::uint64_t> piece_number(std::string_view first_bytes);
// Whether a whole piece is as it was made, by its checksum.
bool is_sound_piece(std::string_view piece);

}  // namespace tenon::wire
