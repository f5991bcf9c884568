// SPDX-License-Identifier: MIT
// The message frame(data) of peer.thrift, written and read in place, so that the data is never copied for it:
//
//   80 01 00 04                 binary protocol, version 1, one-way; 80 01 00 01, a call, is read as well
//   00 00 00 05 "frame"
//   4 bytes                     sequence id; written as 0, read and ignored
//   0b 00 01                    field 1, a string
//   4 bytes                     size of the data, big-endian
//   data
//   00                          end of the arguments
//
// Exactly this: version 1 of the protocol has no other field.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tenon/transport.h"

namespace tenon::transport_thrift {

inline constexpr std::size_t kFrameHeadBytes = 24;
inline constexpr std::string_view kFrameTail("\0", 1);
inline constexpr std::uint32_t kFrameCallBytesMax = kFrameHeadBytes + TENON_FRAME_BYTES_MAX + 1;
// What a message has beside its data, with the length word of the framed transport.
inline constexpr std::uint64_t kFrameOverheadBytes = 4 + kFrameHeadBytes + 1;

using FrameHead = std::array<char, kFrameHeadBytes>;

// What stands before the data. Needs: data_bytes <= TENON_FRAME_BYTES_MAX.
FrameHead frame_head(std::uint64_t data_bytes) noexcept;
// The data of a message, in place; nullopt when it is not one of the form above.
std::optional<std::string_view> frame_data(std::string_view message) noexcept;

}  // namespace tenon::transport_thrift
