// SPDX-License-Identifier: MIT
// The keys and values of the two databases, format 1; docs/formats.md has the grammar and an example of each. In keys
// integers are big-endian, so that they sort as numbers do; in values little-endian. Every checksum is a CRC-32C of the
// key and of the value's other bytes: a value that lies under another key is not taken for valid.
//
// Every batch of writes begins with a mark, under one of two keys in turn. Two marks whose numbers do not follow each
// other prove that a batch was lost, and what a mark says was synced is never taken for a torn write.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "environment.hpp"
#include "tenon/storage.hpp"

namespace tenon::leveldb_storage {

inline constexpr std::string_view kPluginId = "dev.tenon.storage.leveldb";
inline constexpr std::uint32_t kFormat = 1;

// What a database holds; the first byte of its keys, so entries lie together, and so do the pieces of an image.
inline constexpr char kMarkKey = 'm';
inline constexpr char kHardStateKey = 'h';
inline constexpr char kBoundsKey = 'b';
inline constexpr char kEntryKey = 'e';
inline constexpr char kNewestKey = 'n';
inline constexpr char kUnfinishedKey = 'u';
inline constexpr char kPieceKey = 'p';

struct Mark {
  std::uint64_t batch = 0;  // counts the batches of the database from 1
  SyncedPlace synced;       // of the write-ahead log when the batch was made
  Incarnation incarnation = {};
};
std::string mark_key(std::uint64_t batch);
std::string encode_mark(const Mark& mark);
// Each decode function returns nothing for bytes that were not written under this key.
std::optional<Mark> decode_mark(std::string_view key, std::string_view value);
inline constexpr std::size_t kMarkKeyBytes = 2;
inline constexpr std::size_t kMarkValueBytes = 8 + 8 + 8 + 16 + 4;

std::string encode_hard_state(std::string_view payload);
std::optional<std::string> decode_hard_state(std::string_view value);

// The log holds the entries first to last, and none when last == first - 1.
struct Bounds {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  bool operator==(const Bounds&) const = default;
};
std::string encode_bounds(const Bounds& bounds);
std::optional<Bounds> decode_bounds(std::string_view value);

std::string entry_key(std::uint64_t index);
// nullopt: the key of something else.
std::optional<std::uint64_t> entry_index(std::string_view key) noexcept;
// Replaces `value`, so that its memory is used again.
void encode_entry(std::uint64_t index, std::uint64_t term, std::string_view payload, std::string& value);
struct Entry {
  std::uint64_t term;
  std::string_view payload;  // of the value that was decoded
};
std::optional<Entry> decode_entry(std::uint64_t index, std::string_view value);

// Its order is that of its keys.
struct ImageKey {
  std::uint64_t index = 0;
  std::array<std::uint8_t, 16> id = {};
  auto operator<=>(const ImageKey&) const = default;
};
struct NewestImage {
  ImageKey key;
  std::uint64_t size = 0;
};
std::string encode_newest(const NewestImage& newest);
std::optional<NewestImage> decode_newest(std::string_view value);
std::string unfinished_key(const ImageKey& image);
std::optional<ImageKey> unfinished_image(std::string_view key) noexcept;
std::string piece_key(const ImageKey& image, std::uint64_t offset);
struct PieceKey {
  ImageKey image;
  std::uint64_t offset;
};
std::optional<PieceKey> piece_of(std::string_view key) noexcept;
std::string encode_piece(std::string_view key, std::string_view bytes);
std::optional<std::string_view> decode_piece(std::string_view key, std::string_view value);

}  // namespace tenon::leveldb_storage
