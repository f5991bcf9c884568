// SPDX-License-Identifier: MIT
// What an image that is not the one that was written does to a decoder: it is refused with the place and the reason,
// or it is not complete; and nothing that it declares makes the decoder take memory.
#include <sys/resource.h>
#include <zstd.h>

#include <memory>

#include "damage.hpp"
#include "image_bytes.hpp"
#include "raft/random.hpp"
#include "support/catch.hpp"
#include "wire/image.hpp"

namespace tenon::wire {
namespace {

using Catch::Contains;
using Catch::StartsWith;

constexpr std::uint32_t kTinyChunk = 64;
constexpr std::size_t kSizeOffset = 4;
constexpr std::size_t kKindOffset = 8;
constexpr std::size_t kCodingOffset = 9;
constexpr std::size_t kImageOffset = 20;

struct Image {
  std::string raw = compressible(3 * kTinyChunk + 20);
  ImageHeader header = header_for(raw, kTinyChunk);
  std::string bytes = encoded(header, raw);
  std::vector<std::string> pieces = pieces_of(bytes);  // header, four chunks, footer
};

template <class Integer>
std::string with_integer(std::string piece, std::size_t offset, Integer value) {
  std::memcpy(piece.data() + offset, &value, sizeof value);
  return with_valid_checksum(std::move(piece));
}

// Needs: the body is that of a chunk, and the piece one that was there before.
std::string with_chunk(const std::string& piece, std::uint32_t raw_bytes, std::string_view body) {
  std::string changed = piece.substr(0, kChunkHeadBytes);
  changed += body;
  changed = with_integer(changed, kPieceHeadBytes, raw_bytes);
  return with_integer(changed, kSizeOffset, static_cast<std::uint32_t>(changed.size()));
}

// A frame of this many zeros, made without ever holding them.
std::string zeros_frame(std::uint64_t bytes) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  REQUIRE(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context.get(), bytes)) == 0);
  const std::string zeros(1u << 20, '\0');
  std::string frame(kChunkRawBytes, '\0');
  ZSTD_outBuffer output{frame.data(), frame.size(), 0};
  for (std::uint64_t done = 0; done < bytes; done += zeros.size()) {
    const bool is_last = done + zeros.size() == bytes;
    ZSTD_inBuffer input{zeros.data(), zeros.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(context.get(), &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
    REQUIRE(ZSTD_isError(left) == 0);
    REQUIRE(input.pos == input.size);
    REQUIRE((left == 0 || !is_last));
  }
  frame.resize(output.pos);
  return frame;
}

std::string zstd_frame(std::string_view raw) {
  std::string frame(ZSTD_compressBound(raw.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), raw.data(), raw.size(), 3));
  return frame;
}

void check_is_refused(const std::string& image, const std::string& place, const std::string& reason) {
  for (const std::size_t cut : {std::size_t{1}, std::size_t{30}, std::string::npos}) {
    const Decoded decoded = decoded_in_cuts(image, cut);
    CHECK_FALSE(decoded.decoder.complete());
    CHECK_THAT(decoded.decoder.error(), StartsWith(place) && Contains(reason));
  }
}
void check_is_refused(const std::vector<std::string>& pieces, std::size_t piece, const std::string& reason) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < piece; ++i) offset += pieces[i].size();
  INFO("piece " << piece);
  check_is_refused(joined_pieces(pieces),
                   "offset " + std::to_string(offset) + ", piece " + std::to_string(piece) + ": ", reason);
}

TEST_CASE("an image with one bit wrong is refused, at the piece that has it") {
  const Image image;
  std::size_t start = 0;
  for (std::size_t piece = 0; piece < image.pieces.size(); ++piece) {
    const std::string place = "offset " + std::to_string(start) + ", piece " + std::to_string(piece) + ": ";
    for (std::size_t bit = start * 8; bit < (start + image.pieces[piece].size()) * 8; ++bit) {
      INFO("bit " << bit);
      std::string damaged = image.bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const Decoded decoded = decoded_in_cuts(damaged);
      REQUIRE_FALSE(decoded.decoder.complete());
      REQUIRE(decoded.decoder.verified_bytes() == start);
      // A header that says it is longer waits for what never comes.
      const std::string& error = decoded.decoder.error();
      REQUIRE_THAT(error.empty() ? decoded.decoder.missing() : error, StartsWith(place));
      REQUIRE((!error.empty() || bit / 8 == kSizeOffset + 1 || bit / 8 == kSizeOffset + 2));
      REQUIRE((decoded.raw == image.raw.substr(0, decoded.raw.size())));
    }
    start += image.pieces[piece].size();
  }
}

TEST_CASE("an image that is cut anywhere is not complete, and what was read of it is good") {
  const Image image;
  std::size_t start = 0;
  std::size_t piece = 0;
  for (std::size_t size = 0; size < image.bytes.size(); ++size) {
    if (size == start + image.pieces[piece].size()) start += image.pieces[piece++].size();
    const Decoded decoded = decoded_in_cuts(std::string_view(image.bytes).substr(0, size), 40);
    REQUIRE(decoded.decoder.error().empty());
    REQUIRE_FALSE(decoded.decoder.complete());
    REQUIRE(decoded.decoder.verified_bytes() == start);
    REQUIRE(decoded.decoder.next_piece() == piece);
    const std::string place = "offset " + std::to_string(start) + ", piece " + std::to_string(piece) + ": ";
    REQUIRE_THAT(decoded.decoder.missing(), StartsWith(place + "the image ends here"));
    REQUIRE((decoded.raw == image.raw.substr(0, decoded.raw.size())));
  }
}

TEST_CASE("bytes behind the end of an image are refused") {
  const Image image;
  const std::string place = "offset " + std::to_string(image.bytes.size()) + ", piece 6: ";
  check_is_refused(image.bytes + '\0', place, "behind the end");
  check_is_refused(image.bytes + image.bytes, place, "behind the end");
}

TEST_CASE("pieces that are missing, repeated or exchanged are refused at the first that is wrong") {
  const Image image;
  for (std::size_t one = 0; one < image.pieces.size(); ++one) {
    std::vector<std::string> repeated = image.pieces;
    repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(one), image.pieces[one]);
    const bool is_footer = one + 1 == image.pieces.size();
    check_is_refused(repeated, one + 1, is_footer ? "behind the end" : "pieces are missing, repeated or out of order");
    std::vector<std::string> without = image.pieces;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(one));
    if (!is_footer) check_is_refused(without, one, "pieces are missing, repeated or out of order");
    for (std::size_t other = one + 1; other < image.pieces.size(); ++other) {
      std::vector<std::string> exchanged = image.pieces;
      std::swap(exchanged[one], exchanged[other]);
      check_is_refused(exchanged, one, "pieces are missing, repeated or out of order");
    }
  }
}

TEST_CASE("a piece of another image is refused, and one that was made to look like this image's is found by the hash") {
  const Image image;
  ImageHeader other_header = image.header;
  other_header.id[5] = 0xee;
  const std::string other_raw = compressible(image.raw.size(), 2);
  REQUIRE(other_raw != image.raw);
  const std::vector<std::string> others = pieces_of(encoded(other_header, other_raw));
  for (std::size_t piece = 1; piece < image.pieces.size(); ++piece) {
    std::vector<std::string> spliced = image.pieces;
    spliced[piece] = others[piece];
    check_is_refused(spliced, piece, "belongs to the image 0102030405ee");
  }
  std::vector<std::string> disguised = image.pieces;
  disguised[2] = others[2];
  std::memcpy(disguised[2].data() + kImageOffset, image.header.id.data(), image.header.id.size());
  disguised[2] = with_valid_checksum(disguised[2]);
  check_is_refused(disguised, 5, "chunks of two images");
}

TEST_CASE("an image of another format is told from a damaged one") {
  const Image image;
  std::vector<std::string> pieces = image.pieces;
  pieces[0] = with_integer(pieces[0], kPieceHeadBytes, std::uint32_t{1});
  check_is_refused(pieces, 0, "format 1, and this program reads format 2");
}

TEST_CASE("header fields out of their bounds are refused though the checksum fits") {
  const Image image;
  const std::size_t index_at = kPieceHeadBytes + 4 + 4 + image.header.cluster_id.size();
  const std::size_t members_at = index_at + 16;
  const std::size_t raw_bytes_at = image.pieces[0].size() - 12;
  const auto check_header = [&](std::size_t offset, auto value, const std::string& reason) {
    std::vector<std::string> pieces = image.pieces;
    pieces[0] = with_integer(pieces[0], offset, value);
    check_is_refused(pieces, 0, reason);
  };
  check_header(kPieceHeadBytes + 4, std::uint32_t{0xffffffff}, "do not fill it");
  check_header(index_at, std::uint64_t{0}, "index is 0");
  check_header(index_at + 8, std::uint64_t{0}, "term is 0");
  check_header(members_at, std::uint32_t{0}, "do not fill it");
  check_header(members_at, std::uint32_t{0xffffffff}, "do not fill it");
  check_header(members_at + 4, std::uint64_t{0}, "do not fill it");
  check_header(raw_bytes_at, kImageRawBytesMax + 1, "raw size is beyond");
  check_header(raw_bytes_at, std::uint64_t{0} - 1, "raw size is beyond");
  check_header(raw_bytes_at + 8, std::uint32_t{0}, "chunks are empty");
  check_header(raw_bytes_at + 8, kChunkRawBytesMax + 1, "chunks are larger");
}

TEST_CASE("a piece whose head cannot be, or that declares more than it may have, is refused before it has come") {
  const Image image;
  const auto check_head = [&](std::size_t piece, std::size_t offset, auto value, const std::string& reason) {
    std::vector<std::string> pieces = image.pieces;
    pieces[piece] = with_integer(pieces[piece], offset, value).substr(0, kPieceHeadBytes);
    pieces.resize(piece + 1);
    check_is_refused(pieces, piece, reason);
  };
  for (std::size_t piece = 0; piece < image.pieces.size(); ++piece) {
    for (const std::uint32_t size : {std::uint32_t{0}, std::uint32_t{kPieceHeadBytes - 1}, std::uint32_t{0xffffffff},
                                     static_cast<std::uint32_t>(kPieceBytesMax + 1)}) {
      check_head(piece, kSizeOffset, size, "no piece of an image begins here");
    }
    for (const int kind : {0, 4, 255})
      check_head(piece, kKindOffset, static_cast<std::uint8_t>(kind), "no piece of an image begins here");
    check_head(piece, kCodingOffset, std::uint8_t{2}, "no piece of an image begins here");
    check_head(piece, kCodingOffset + 1, std::uint8_t{1}, "no piece of an image begins here");
  }
  check_head(0, kSizeOffset, std::uint32_t{300'000}, "no piece of an image begins here");
  check_head(1, kSizeOffset, static_cast<std::uint32_t>(kChunkHeadBytes + kTinyChunk + 1), "at most 104 are possible");
  check_head(4, kSizeOffset, static_cast<std::uint32_t>(kChunkHeadBytes + 21), "at most 60 are possible");
  check_head(5, kSizeOffset, std::uint32_t{100}, "no piece of an image begins here");
}

TEST_CASE("an image whose count of chunks or raw size is not what its header says is refused") {
  const Image image;
  std::vector<std::string> pieces = image.pieces;
  pieces[5] = with_integer(pieces[5], kPieceHeadBytes, std::uint64_t{3});
  check_is_refused(pieces, 5, "count of chunks is 3, expected 4");
  pieces[5] = with_integer(image.pieces[5], kPieceHeadBytes + 8, std::uint64_t{1});
  check_is_refused(pieces, 5, "raw size is 1, expected 212");
  // A footer where a chunk belongs, and the other way round.
  pieces = {image.pieces[0], with_integer(image.pieces[5], 12, std::uint64_t{1})};
  check_is_refused(pieces, 1, "kind of the piece is 3, expected 2");
  pieces = image.pieces;
  pieces[5] = with_integer(with_chunk(image.pieces[4], 20, incompressible(20)), 12, std::uint64_t{5});
  check_is_refused(pieces, 5, "kind of the piece is 2, expected 3");
}

TEST_CASE("a chunk that does not hold what it declares is refused") {
  const Image image;
  const auto check_chunk = [&](std::string piece, std::uint8_t coding, const std::string& reason) {
    std::vector<std::string> pieces = image.pieces;
    piece[kCodingOffset] = static_cast<char>(coding);
    pieces[1] = with_valid_checksum(std::move(piece));
    check_is_refused(pieces, 1, reason);
  };
  const std::string& chunk = image.pieces[1];
  const std::string noise = incompressible(kTinyChunk);
  check_chunk(with_chunk(chunk, 63, noise.substr(0, 63)), 0, "raw size of the chunk is 63, expected 64");
  check_chunk(with_chunk(chunk, 64, noise.substr(0, 63)), 0, "chunk's raw bytes is 63, expected 64");
  check_chunk(with_chunk(chunk, 64, noise.substr(0, 40)), 1, "not one zstd frame");
  const std::string half = zstd_frame(std::string(kTinyChunk / 2, 'a'));
  check_chunk(with_chunk(chunk, 64, half + half), 1, "not one zstd frame");
  // 64 times 'a' as zstd 0.7 wrote it, which libzstd would still read, by code that nobody looks at any more.
  const std::string old_frame(
      "\x27\xb5\x2f\xfd\x20\x40\x80\x00\x40"
      "a\xc0\x00\x00",
      13);
  check_chunk(with_chunk(chunk, 64, old_frame), 1, "not one zstd frame");
  check_chunk(with_chunk(chunk, 64, half), 1, "not of 64 raw bytes");
  check_chunk(with_chunk(chunk, 64, zstd_frame(std::string(kTinyChunk, 'a')) + "x"), 1, "not one zstd frame");
}

// In KiB.
std::int64_t peak_memory() {
  rusage usage{};
  REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_maxrss;
}

TEST_CASE("neither a frame that expands beyond what is declared nor a huge declaration makes the decoder take memory") {
  constexpr std::uint32_t kHuge = 0xf0000000;
  constexpr std::uint32_t kBombBytes = 256u << 20;
  const std::string bomb = zeros_frame(kBombBytes);
  ImageHeader header = header_for("", kChunkRawBytes);
  header.raw_bytes = kImageRawBytesMax;
  const Image image;
  const auto first_chunk = [&](std::uint32_t raw_bytes, std::string_view body) {
    std::string piece = with_chunk(image.pieces[1], raw_bytes, body);
    piece[kCodingOffset] = 1;
    return with_valid_checksum(std::move(piece));
  };
  std::string header_piece;
  ImageEncoder(header, kZstdLevel).begin(header_piece);

  const std::int64_t before = peak_memory();
  check_is_refused({header_piece, first_chunk(kChunkRawBytes, bomb)}, 1, "not of 262144 raw bytes");
  check_is_refused({header_piece, first_chunk(kHuge, bomb)}, 1, "raw size of the chunk is 4026531840, expected 262144");
  // The frame declares what the chunk does, and holds more.
  std::string lying = bomb;
  constexpr std::size_t kFrameContentSizeAt = 6;
  std::uint32_t content_size = 0;
  std::memcpy(&content_size, lying.data() + kFrameContentSizeAt, sizeof content_size);
  REQUIRE(content_size == kBombBytes);
  content_size = kChunkRawBytes;
  std::memcpy(lying.data() + kFrameContentSizeAt, &content_size, sizeof content_size);
  check_is_refused({header_piece, first_chunk(kChunkRawBytes, lying)}, 1, "the zstd frame: ");
  CHECK(peak_memory() - before < 64 << 10);
}

TEST_CASE("a mutated image is refused, incomplete, or says within its bounds what its checksums say") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{9}));
  CAPTURE(seed);
  raft::Random random(seed);
  const Image image;
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    std::vector<std::string> pieces = image.pieces;
    const bool with_checksums = random.below(4) != 0;
    const std::size_t changes = 1 + random.below(4);
    for (std::size_t i = 0; i < changes; ++i) {
      std::string& piece = pieces[random.below(pieces.size())];
      piece[random.below(piece.size())] = static_cast<char>(random.next());
      if (random.below(8) == 0) piece.resize(kPieceHeadBytes + random.below(100), 'x');
      if (with_checksums) piece = with_valid_checksum(std::move(piece));
    }
    const std::string mutated = joined_pieces(pieces);
    const Decoded decoded = decoded_in_cuts(mutated, 1 + random.below(300));
    if (!with_checksums && mutated != image.bytes) REQUIRE_FALSE(decoded.is_accepted());
    if (!decoded.decoder.header()) continue;
    REQUIRE(decoded.largest <= decoded.decoder.header()->chunk_raw_bytes);
    REQUIRE(decoded.raw.size() <= decoded.decoder.header()->raw_bytes);
    // Whatever else was changed, the footer's hash is over these raw bytes or the image is refused.
    if (decoded.is_accepted()) REQUIRE((decoded.raw == image.raw));
  }
}

}  // namespace
}  // namespace tenon::wire
