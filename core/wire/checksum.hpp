// SPDX-License-Identifier: MIT
// A body behind its CRC-32C, the frame that all formats of this room share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::wire {

inline std::string with_checksum(std::string_view body) {
  std::string data;
  data.reserve(sizeof(std::uint32_t) + body.size());
  ByteWriter writer(data);
  writer.u32(crc32c(body));
  writer.raw(body);
  return data;
}

// The body, a view into `data`; nullopt: too short, or the checksum is another.
inline std::optional<std::string_view> checked_body(std::string_view data) noexcept {
  ByteReader reader(data);
  const std::uint32_t checksum = reader.u32();
  const std::string_view body = reader.raw(reader.remaining());
  if (!reader.ok() || crc32c(body) != checksum) return std::nullopt;
  return body;
}

}  // namespace tenon::wire
