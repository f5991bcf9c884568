// SPDX-License-Identifier: MIT
// The bytes of this plugin's connections, both of whose ends are on one machine.
//
//   message      = size (u32, of what follows), lane (u8), body
//   body         = introduction, the first in each direction, or a frame
//   introduction = magic (u64), cluster (block), from (u64), to (u64), incarnation (16 bytes), addresses (u8), block..
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/transport.hpp"

namespace tenon::wrong_transport {

inline constexpr std::size_t kSizeBytes = 4;
inline constexpr std::size_t kHeaderBytes = kSizeBytes + 1;
inline constexpr std::size_t kIntroductionBytesMax = 64 * 1024;
inline constexpr std::size_t kFrameMessageBytesMax = TENON_FRAME_BYTES_MAX + 1;

struct Introduction {
  std::string cluster;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint8_t incarnation[16] = {};
  std::vector<std::string> addresses;
};

inline std::string message_header(Lane lane, std::uint64_t body_size) {
  std::string header;
  ByteWriter writer(header);
  writer.u32(static_cast<std::uint32_t>(body_size + 1));
  writer.u8(static_cast<std::uint8_t>(lane));
  return header;
}

std::string encode(Lane lane, const Introduction& introduction);
// nullopt: it is none.
std::optional<Introduction> decode_introduction(std::string_view body);

// Cuts messages out of what arrives.
class MessageReader {
 public:
  void add(std::string_view bytes) { buffer_.append(bytes); }
  struct Message {
    std::uint8_t lane;
    std::string_view body;  // until the next call
  };
  // The next whole message of at most `bytes_max`, nullopt when more has to come. Sets `broken` for another size.
  std::optional<Message> next(std::size_t bytes_max, bool& broken);

 private:
  std::string buffer_;
  std::size_t taken_ = 0;  // of the buffer, by earlier messages
};

}  // namespace tenon::wrong_transport
