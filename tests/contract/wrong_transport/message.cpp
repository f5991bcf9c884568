// SPDX-License-Identifier: MIT
#include "message.hpp"

#include <algorithm>

namespace tenon::wrong_transport {

namespace {
constexpr std::uint64_t kMagic = 0x57524f4e47310a0dU;
}

std::string encode(Lane lane, const Introduction& introduction) {
  std::string body;
  ByteWriter writer(body);
  writer.u64(kMagic);
  writer.block(introduction.cluster);
  writer.u64(introduction.from);
  writer.u64(introduction.to);
  writer.raw({reinterpret_cast<const char*>(introduction.incarnation), sizeof introduction.incarnation});
  writer.u8(static_cast<std::uint8_t>(introduction.addresses.size()));
  for (const std::string& address : introduction.addresses) writer.block(address);
  return message_header(lane, body.size()) + body;
}

std::optional<Introduction> decode_introduction(std::string_view body) {
  ByteReader reader(body);
  Introduction introduction;
  if (reader.u64() != kMagic) return std::nullopt;
  introduction.cluster = reader.block();
  introduction.from = reader.u64();
  introduction.to = reader.u64();
  const std::string_view incarnation = reader.raw(sizeof introduction.incarnation);
  std::copy(incarnation.begin(), incarnation.end(), introduction.incarnation);
  const std::uint8_t count = reader.u8();
  for (int i = 0; i < count; ++i) introduction.addresses.emplace_back(reader.block());
  if (!reader.done() || count > TENON_CLIENT_ADDRESSES_MAX) return std::nullopt;
  return introduction;
}

std::optional<MessageReader::Message> MessageReader::next(std::size_t bytes_max, bool& broken) {
  const std::string_view rest = std::string_view(buffer_).substr(taken_);
  ByteReader reader(rest);
  const std::uint32_t size = reader.u32();
  broken = reader.ok() && (size == 0 || size > bytes_max);
  if (broken) return std::nullopt;
  const std::string_view message = reader.raw(size);
  if (!reader.ok()) {
    buffer_.erase(0, taken_);
    taken_ = 0;
    return std::nullopt;
  }
  taken_ += kSizeBytes + size;
  return Message{static_cast<std::uint8_t>(message[0]), message.substr(1)};
}

}  // namespace tenon::wrong_transport
