// SPDX-License-Identifier: MIT
#include "wire/image.hpp"

#include "image_bytes.hpp"
#include "support/catch.hpp"
#include "wire/entry_data.hpp"

namespace tenon::wire {
namespace {

constexpr std::uint32_t kTinyChunk = 64;
constexpr std::size_t kCodingOffset = 9;
constexpr std::size_t kNumberOffset = 12;

void check_round_trip(const std::string& raw, std::uint32_t chunk_raw_bytes, std::size_t cut_bytes) {
  INFO(raw.size() << " raw bytes, chunks of " << chunk_raw_bytes << ", cuts of " << cut_bytes);
  const ImageHeader header = header_for(raw, chunk_raw_bytes);
  const std::string image = encoded(header, raw);
  const Decoded decoded = decoded_in_cuts(image, cut_bytes);
  CHECK(decoded.decoder.error() == "");
  REQUIRE(decoded.decoder.complete());
  CHECK(decoded.decoder.header() == header);
  CHECK(decoded.decoder.verified_bytes() == image.size());
  CHECK(decoded.decoder.next_piece() == (raw.size() + chunk_raw_bytes - 1) / chunk_raw_bytes + 2);
  CHECK(decoded.largest <= chunk_raw_bytes);
  CHECK((decoded.raw == raw));
}

TEST_CASE("an image of any size is read back as it was written, in cuts of any size") {
  for (const std::size_t size : {0u, 1u, kTinyChunk - 1, kTinyChunk, kTinyChunk + 1, 10 * kTinyChunk, 1000u}) {
    for (const std::size_t cut :
         {std::size_t{1}, std::size_t{7}, kPieceHeadBytes, std::size_t{100}, std::string::npos}) {
      check_round_trip(compressible(size), kTinyChunk, cut);
    }
  }
  for (const std::size_t size : {kChunkRawBytes - 1, kChunkRawBytes, kChunkRawBytes + 1, 5'000'000u}) {
    for (const std::size_t cut : {std::size_t{4096}, std::size_t{1} << 20, std::string::npos}) {
      check_round_trip(compressible(size), kChunkRawBytes, cut);
    }
  }
  check_round_trip(compressible(100), 1, 10);
  check_round_trip(incompressible(2 * kChunkRawBytesMax + 1), kChunkRawBytesMax, std::string::npos);
}

TEST_CASE("a chunk is stored as a zstd frame where that is smaller, and raw where it is not") {
  const std::string raw = compressible(4096) + incompressible(4096);
  const std::string image = encoded(header_for(raw, 4096), raw);
  const std::vector<std::string> pieces = pieces_of(image);
  REQUIRE(pieces.size() == 4);
  CHECK(pieces[1][kCodingOffset] == 1);
  CHECK(pieces[1].size() < kChunkHeadBytes + 2048);
  CHECK(pieces[2][kCodingOffset] == 0);
  CHECK(pieces[2].size() == kChunkHeadBytes + 4096);
  CHECK((pieces[2].substr(kChunkHeadBytes) == raw.substr(4096)));
  CHECK((decoded_in_cuts(image).raw == raw));
}

TEST_CASE("the same pieces come out however the raw bytes are cut") {
  const std::string raw = compressible(1000);
  const ImageHeader header = header_for(raw, kTinyChunk);
  const std::string whole = encoded(header, raw);
  raft::Random random(5);
  for (int round = 0; round < 200; ++round) {
    INFO("round " << round);
    std::string image;
    ImageEncoder encoder(header, kZstdLevel);
    encoder.begin(image);
    std::string_view rest = raw;
    while (!rest.empty()) {
      const std::size_t size = std::min<std::size_t>(random.below(200), rest.size());
      encoder.add(rest.substr(0, size), image);
      rest.remove_prefix(size);
    }
    encoder.finish(image);
    REQUIRE((image == whole));
  }
}

TEST_CASE("pieces are handed out as soon as they are whole") {
  const std::string raw = compressible(2 * kTinyChunk);
  std::string image;
  ImageEncoder encoder(header_for(raw, kTinyChunk), kZstdLevel);
  encoder.begin(image);
  CHECK(pieces_of(image).size() == 1);
  encoder.add(raw.substr(0, kTinyChunk - 1), image);
  CHECK(pieces_of(image).size() == 1);
  encoder.add(raw.substr(kTinyChunk - 1, 1), image);
  CHECK(pieces_of(image).size() == 2);
  encoder.add(raw.substr(kTinyChunk), image);
  CHECK(pieces_of(image).size() == 3);
  encoder.finish(image);
  CHECK(pieces_of(image).size() == 4);
}

TEST_CASE("size and number of a piece stand in its head, and other bytes have none") {
  const std::string raw = compressible(3 * kTinyChunk);
  const std::vector<std::string> pieces = pieces_of(encoded(header_for(raw, kTinyChunk), raw));
  REQUIRE(pieces.size() == 5);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    CHECK(piece_number(pieces[i]) == i);
    CHECK(piece_bytes(pieces[i]) == pieces[i].size());
    const std::string_view head = std::string_view(pieces[i]).substr(0, kPieceHeadBytes);
    CHECK(piece_bytes(head) == pieces[i].size());
    CHECK(piece_bytes(head.substr(0, kPieceHeadBytes - 1)) == std::nullopt);
    CHECK(piece_number(head.substr(0, kPieceHeadBytes - 1)) == std::nullopt);
  }
  const auto numbered = [&](std::size_t piece, char number) {
    std::string head = pieces[piece].substr(0, kPieceHeadBytes);
    head[kNumberOffset] = number;
    return piece_number(head);
  };
  CHECK(numbered(0, 1) == std::nullopt);
  CHECK(numbered(1, 0) == std::nullopt);
  CHECK(numbered(1, 2) == 2);
  CHECK(numbered(4, 0) == std::nullopt);
  CHECK(piece_bytes(std::string(kPieceHeadBytes, '\0')) == std::nullopt);
  CHECK(piece_bytes(std::string(kPieceHeadBytes, '\xff')) == std::nullopt);
}

TEST_CASE("a header with the most that it may hold is read back") {
  ImageHeader header = header_for("", kChunkRawBytesMax);
  header.cluster_id = std::string(kImageClusterIdBytesMax, 'c');
  header.index = raft::LogIndex(raft::kOrdinalMax);
  header.term = raft::Term(raft::kOrdinalMax);
  header.membership = {};
  for (std::uint64_t node = 1; node <= raft::kMembersMax; ++node) {
    const std::vector<std::string> addresses(raft::kAddressesMax, std::string(raft::kAddressBytesMax, 'a'));
    header.membership.members.push_back({raft::NodeId(node), {8}, addresses});
  }
  for (std::uint64_t node = 101; node <= 100 + raft::kFormerMembersMax; ++node) {
    header.membership.former.push_back({raft::NodeId(node), {7}});
  }
  const Decoded decoded = decoded_in_cuts(encoded(header, ""), 100);
  CHECK(decoded.is_accepted());
  CHECK(decoded.decoder.header() == header);
}

// What a receiver does after a restart: storage holds whole pieces and perhaps a torn one.
TEST_CASE("whole pieces and a torn one say where to go on, and a new decoder that has read them goes on there") {
  const std::string raw = compressible(10 * kTinyChunk);
  const std::string image = encoded(header_for(raw, kTinyChunk), raw);
  const std::vector<std::string> pieces = pieces_of(image);
  std::size_t start = 0;
  for (std::size_t piece = 0; piece < pieces.size(); ++piece) {
    for (const std::size_t torn : {std::size_t{0}, std::size_t{1}, kPieceHeadBytes, pieces[piece].size() - 1}) {
      INFO("cut in piece " << piece << " behind " << torn << " bytes");
      Decoded again = decoded_in_cuts(std::string_view(image).substr(0, start + torn), 50);
      CHECK(again.decoder.error() == "");
      CHECK_FALSE(again.decoder.complete());
      CHECK(again.decoder.next_piece() == piece);
      CHECK(again.decoder.verified_bytes() == start);
      again.decoder.drop_unverified();
      feed_all(again, std::string_view(image).substr(start), 50);
      CHECK(again.is_accepted());
      CHECK((again.raw == raw));
    }
    start += pieces[piece].size();
  }
}

TEST_CASE("a decoder that drops a damaged piece goes on with the good one") {
  const std::string raw = compressible(10 * kTinyChunk);
  const std::string image = encoded(header_for(raw, kTinyChunk), raw);
  const std::vector<std::string> pieces = pieces_of(image);
  Decoded decoded = decoded_in_cuts(pieces[0] + pieces[1] + std::string(100, '\0'));
  CHECK_FALSE(decoded.decoder.error().empty());
  CHECK_FALSE(decoded.decoder.feed(pieces[2], [](std::string_view) { return true; }));
  const std::size_t good = pieces[0].size() + pieces[1].size();
  CHECK(decoded.decoder.verified_bytes() == good);
  decoded.decoder.drop_unverified();
  CHECK(decoded.decoder.error().empty());
  feed_all(decoded, std::string_view(image).substr(good), 33);
  CHECK(decoded.is_accepted());
  CHECK((decoded.raw == raw));
}

TEST_CASE("a decoder may be moved in the middle of a piece") {
  const std::string raw = compressible(10 * kTinyChunk);
  const std::string image = encoded(header_for(raw, kTinyChunk), raw);
  Decoded begun = decoded_in_cuts(std::string_view(image).substr(0, image.size() / 2));
  Decoded moved{std::move(begun.decoder), std::move(begun.raw)};
  feed_all(moved, std::string_view(image).substr(image.size() / 2), 10);
  CHECK(moved.is_accepted());
  CHECK((moved.raw == raw));
}

TEST_CASE("raw bytes that the sink refuses end the decoding, for good") {
  const std::string raw = compressible(3 * kTinyChunk);
  const std::string image = encoded(header_for(raw, kTinyChunk), raw);
  ImageDecoder decoder;
  int calls = 0;
  const auto refuse_second = [&](std::string_view) { return ++calls < 2; };
  CHECK_FALSE(decoder.feed(image, refuse_second));
  CHECK(calls == 2);
  CHECK(decoder.next_piece() == 2);
  CHECK_FALSE(decoder.error().empty());
  decoder.drop_unverified();
  CHECK_FALSE(decoder.error().empty());
  CHECK_FALSE(decoder.feed(image, [](std::string_view) { return true; }));
}

}  // namespace
}  // namespace tenon::wire
