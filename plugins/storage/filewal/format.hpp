// SPDX-License-Identifier: MIT
// The bytes of filewal's files, version 1; docs/formats.md has the grammar and an example of each. Integers are
// little-endian, every checksum is a CRC-32C.
//
//   stamp        as tenon/stamp.hpp has it
//   hard_state   two slots, kSlotStride apart: magic "TENONHST", format u32, length u32, sequence u64, incarnation 16
//                bytes, checksum u32 of all before it and the payload, payload, zeros up to a multiple of 4096
//   *.wal        a SegmentHeader, then records without a gap, then zeros. A record is a RecordHeader, its payload, and
//                zeros up to a multiple of 8
//
// Records come in batches, one for each sync. A batch begins with a record of type batch and ends where its length
// says, or before, when a crash has cut it and recovery kept its first records. A record of type batch proves that
// everything before its mark had been synced when it was written; a segment, that all segments before it had been.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/crc32c.hpp"
#include "tenon/storage.hpp"

namespace tenon::filewal {

inline constexpr std::string_view kPluginId = "dev.tenon.storage.filewal";
inline constexpr std::uint32_t kFormat = 1;

inline constexpr char kLockName[] = "lock";
inline constexpr char kHardStateName[] = "hard_state";
inline constexpr std::string_view kSegmentSuffix = ".wal";
inline constexpr std::string_view kTornSuffix = ".torn";
inline constexpr std::string_view kNewSuffix = ".new";  // of a file that is being made, and has no meaning yet
inline constexpr char kSpareName[] = "spare.new";       // the segment that comes next, until it has a number

// A segment's number in twenty digits, so that names sort as numbers do, and a suffix.
std::string segment_name(std::uint64_t number, std::string_view suffix = kSegmentSuffix);
// nullopt: not the name of a segment.
std::optional<std::uint64_t> segment_number(std::string_view name) noexcept;
inline constexpr std::uint64_t kFirstSegment = 1;

struct HardStateRecord {
  std::uint64_t sequence = 0;  // counts the hard states of this directory; 0: none was ever written
  std::string payload;
};
inline constexpr std::uint64_t kSlotStride = 8192;
inline constexpr std::uint64_t kHardStateFileBytes = 2 * kSlotStride;
inline constexpr std::uint64_t kHardStateUnit = 4096;

// Needs: a payload of at most TENON_HARD_STATE_BYTES_MAX bytes.
std::string encode_hard_state(const HardStateRecord& record, const Incarnation& incarnation);
// Returns nothing for bytes that are not a whole record of this incarnation.
std::optional<HardStateRecord> decode_hard_state(std::string_view slot, const Incarnation& incarnation);

struct SegmentHeader {
  char magic[8] = {'T', 'E', 'N', 'O', 'N', 'W', 'A', 'L'};
  std::uint32_t format = kFormat;
  std::uint32_t salt = 0;  // random; makes the records of another segment invalid here
  std::uint64_t segment = 1;
  Incarnation incarnation = {};
  std::uint64_t first_index = 1;  // of the log when the segment began
  std::uint64_t last_index = 0;   // >= first_index - 1
  std::uint32_t previous = 0;     // the checksum of the last header of the segment before; 0 in the first
  std::uint32_t checksum = 0;     // of all before it
};
static_assert(sizeof(SegmentHeader) == 64);

enum class RecordType : std::uint32_t {
  batch = 1,     // index: the mark, an offset below which all was synced; term: bytes of the file; length: of the batch
  entry = 2,     // supersedes every earlier entry with this index or a greater one
  truncate = 3,  // the log ends before index
  compact = 4,   // the log begins after index; one that ended before it goes on after it
};

struct RecordHeader {
  std::uint32_t length = 0;  // bytes of the payload; of a batch, of the records that follow it
  RecordType type = RecordType::entry;
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint32_t place = 0;  // place_of() the record
  std::uint32_t payload_checksum = 0;
  std::uint32_t previous = 0;  // the checksum of the header before this one
  std::uint32_t checksum = 0;  // of all before it
};
static_assert(sizeof(RecordHeader) == 40);

inline constexpr std::uint64_t kRecordAlignment = 8;
inline constexpr std::uint64_t kFirstRecordOffset = sizeof(SegmentHeader);
// A segment is born with one empty batch, so this much of it is known to be durable.
inline constexpr std::uint64_t kBornBytes = kFirstRecordOffset + sizeof(RecordHeader);

inline std::uint64_t padded(std::uint64_t size) noexcept {
  return (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}
inline std::uint64_t record_bytes(std::uint64_t payload_bytes) noexcept {
  return sizeof(RecordHeader) + padded(payload_bytes);
}

// Ties a record to its segment and to its offset there, so that one that lies elsewhere is not taken for valid.
inline std::uint32_t place_of(std::uint32_t salt, std::uint64_t offset) noexcept {
  return salt + static_cast<std::uint32_t>(offset / kRecordAlignment);
}

// Of SegmentHeader and RecordHeader, whose memory is what the file holds.
template <class Header>
std::string_view header_bytes(const Header& header) noexcept {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}
template <class Header>
std::uint32_t header_checksum(const Header& header) noexcept {
  return crc32c(header_bytes(header).substr(0, sizeof header - sizeof header.checksum));
}
// Needs: as many bytes as the header has.
template <class Header>
Header decode_header(std::string_view encoded) noexcept {
  Header header;
  std::memcpy(&header, encoded.data(), sizeof header);
  return header;
}

}  // namespace tenon::filewal
