// SPDX-License-Identifier: MIT
#include "format.hpp"

#include <charconv>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

constexpr std::string_view kStampMagic = "TENONSTP";
constexpr std::string_view kHardStateMagic = "TENONHST";
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kSegmentDigits = 20;

std::string_view as_text(const Incarnation& incarnation) {
  return {reinterpret_cast<const char*>(incarnation.data()), incarnation.size()};
}

}  // namespace

std::string segment_name(std::uint64_t number, std::string_view suffix) {
  const std::string digits = std::to_string(number);
  return std::string(kSegmentDigits - digits.size(), '0') + digits + std::string(suffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) noexcept {
  if (name.size() != kSegmentDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) return {};
  std::uint64_t number = 0;
  const char* const end = name.data() + kSegmentDigits;
  const auto [stopped, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || stopped != end || number == 0) return {};
  return number;
}

std::string encode_stamp(const Stamp& stamp) {
  std::string encoded;
  ByteWriter writer(encoded);
  writer.raw(kStampMagic);
  writer.u32(kFormat);
  writer.block(stamp.plugin_id);
  writer.block(stamp.cluster_id);
  writer.u64(stamp.node_id);
  writer.raw(as_text(stamp.incarnation));
  writer.u32(crc32c(encoded));
  return encoded;
}

Stamp decode_stamp(std::string_view encoded) {
  ByteReader reader(encoded);
  if (encoded.size() < kChecksumBytes || encoded.size() > kStampBytesMax || reader.raw(8) != kStampMagic) {
    throw Error(TENON_ERROR_CORRUPT, "this is not the stamp of a data directory");
  }
  const std::string_view body = encoded.substr(0, encoded.size() - kChecksumBytes);
  if (ByteReader(encoded.substr(body.size())).u32() != crc32c(body)) {
    throw Error(TENON_ERROR_CORRUPT, "the checksum is wrong, its bytes are not what was written");
  }
  const std::uint32_t format = reader.u32();
  if (format > kFormat) {
    throw Error(TENON_ERROR_UNSUPPORTED, "the directory has format " + std::to_string(format) +
                                             ", this version reads up to " + std::to_string(kFormat) +
                                             "; start the newer version that wrote it");
  }
  Stamp stamp;
  stamp.plugin_id = reader.block();
  stamp.cluster_id = reader.block();
  stamp.node_id = reader.u64();
  const std::string_view incarnation = reader.raw(stamp.incarnation.size());
  reader.u32();
  if (format != kFormat || !reader.done()) throw Error(TENON_ERROR_CORRUPT, "its fields do not fit its size");
  std::memcpy(stamp.incarnation.data(), incarnation.data(), incarnation.size());
  return stamp;
}

std::string encode_hard_state(const HardStateRecord& record, const Incarnation& incarnation) {
  TENON_CHECK(record.payload.size() <= TENON_HARD_STATE_BYTES_MAX);
  std::string encoded;
  ByteWriter writer(encoded);
  writer.raw(kHardStateMagic);
  writer.u32(kFormat);
  writer.u32(static_cast<std::uint32_t>(record.payload.size()));
  writer.u64(record.sequence);
  writer.raw(as_text(incarnation));
  writer.u32(crc32c(record.payload, crc32c(encoded)));
  writer.raw(record.payload);
  encoded.resize((encoded.size() + kHardStateUnit - 1) / kHardStateUnit * kHardStateUnit);
  return encoded;
}

std::optional<HardStateRecord> decode_hard_state(std::string_view slot, const Incarnation& incarnation) {
  ByteReader reader(slot);
  HardStateRecord record;
  const std::string_view magic = reader.raw(kHardStateMagic.size());
  const std::uint32_t format = reader.u32();
  const std::uint32_t length = reader.u32();
  record.sequence = reader.u64();
  const std::string_view owner = reader.raw(incarnation.size());
  const std::size_t covered = slot.size() - reader.remaining();
  const std::uint32_t checksum = reader.u32();
  const std::string_view payload = length <= TENON_HARD_STATE_BYTES_MAX ? reader.raw(length) : std::string_view();
  if (!reader.ok() || magic != kHardStateMagic || format != kFormat || owner != as_text(incarnation)) return {};
  if (length > TENON_HARD_STATE_BYTES_MAX || checksum != crc32c(payload, crc32c(slot.substr(0, covered)))) return {};
  record.payload = payload;
  return record;
}

}  // namespace tenon::filewal
