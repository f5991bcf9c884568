// SPDX-License-Identifier: MIT
// Images for tests, whole, in pieces, and read back in cuts of any size.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "raft/random.hpp"
#include "support/catch.hpp"
#include "wire/image.hpp"

namespace tenon::wire {

// Words that repeat, so that zstd has something to save.
inline std::string compressible(std::size_t bytes, std::uint64_t seed = 1) {
  raft::Random random(seed);
  std::string text;
  while (text.size() < bytes) text += "key-" + std::to_string(random.below(1000)) + "=value ";
  text.resize(bytes);
  return text;
}

inline std::string incompressible(std::size_t bytes) {
  raft::Random random(7);
  std::string noise(bytes, '\0');
  for (char& byte : noise) byte = static_cast<char>(random.next());
  return noise;
}

inline ImageHeader header_for(std::string_view raw, std::uint32_t chunk_raw_bytes = kChunkRawBytes) {
  ImageHeader header;
  header.id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  header.cluster_id = "orders";
  header.index = raft::LogIndex(258);
  header.term = raft::Term(7);
  header.membership = {{{raft::NodeId(1), {9}, {"tcp://a:1", "b"}}, {raft::NodeId(2)}}, {{raft::NodeId(3), {8}}}};
  header.raw_bytes = raw.size();
  header.chunk_raw_bytes = chunk_raw_bytes;
  return header;
}

inline std::string encoded(const ImageHeader& header, std::string_view raw, int zstd_level = kZstdLevel) {
  std::string image;
  ImageEncoder encoder(header, zstd_level);
  encoder.begin(image);
  encoder.add(raw, image);
  encoder.finish(image);
  return image;
}

inline std::vector<std::string> pieces_of(std::string_view image) {
  std::vector<std::string> pieces;
  while (!image.empty()) {
    const std::optional<std::uint32_t> size = piece_bytes(image);
    REQUIRE(size.has_value());
    REQUIRE(*size <= image.size());
    pieces.emplace_back(image.substr(0, *size));
    image.remove_prefix(*size);
  }
  return pieces;
}

inline std::string joined_pieces(const std::vector<std::string>& pieces) {
  std::string image;
  for (const std::string& piece : pieces) image += piece;
  return image;
}

// What a decoder made of bytes that were fed to it in cuts of `cut_bytes`.
struct Decoded {
  ImageDecoder decoder;
  std::string raw;
  std::size_t largest = 0;  // of the calls of the sink
  bool is_accepted() const { return decoder.complete() && decoder.error().empty(); }
};

inline void feed_all(Decoded& decoded, std::string_view stored, std::size_t cut_bytes) {
  const auto sink = [&](std::string_view raw) {
    decoded.raw += raw;
    decoded.largest = std::max(decoded.largest, raw.size());
    return true;
  };
  while (!stored.empty()) {
    const std::size_t size = std::min(cut_bytes, stored.size());
    // Copied to its exact size, so that a sanitizer sees a read beyond the end.
    const std::vector<char> cut(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(size));
    if (!decoded.decoder.feed({cut.data(), cut.size()}, sink)) break;
    stored.remove_prefix(size);
  }
}

inline Decoded decoded_in_cuts(std::string_view stored, std::size_t cut_bytes = std::string::npos) {
  Decoded decoded;
  feed_all(decoded, stored, cut_bytes);
  return decoded;
}

}  // namespace tenon::wire
