// SPDX-License-Identifier: MIT
#include "format.hpp"

#include <charconv>

#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

constexpr std::string_view kHardStateMagic = "TENONHST";
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
