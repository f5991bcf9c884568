// SPDX-License-Identifier: MIT
// What nodes say to each other, as binary WebSocket messages. Integers are little-endian; a block is its size as 32
// bits and then as many bytes.
//
//   hello         = "hello" version:u32 introduction to:u64 lane:u32
//   reply         = "reply" version:u32 introduction refusal:u32 reason:block
//   frames        = frame:block, once or more
//   introduction  = cluster:block node:u64 incarnation:16 bytes count:u32 client_address:block, count times
//
// A refusal of 0 is an acceptance, and has no reason. Of another version nothing behind `version` is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/peer/hello.hpp"

namespace tenon::transport_websocket {

inline constexpr std::int32_t kProtocolVersion = 1;
// What a frame has beside its bytes.
inline constexpr std::uint64_t kFrameOverheadBytes = 4;
// The largest message is one frame of the largest size; smaller ones share a message up to this size.
inline constexpr std::uint64_t kMessageBytesMax = kFrameOverheadBytes + TENON_FRAME_BYTES_MAX;
inline constexpr std::uint64_t kGatheredBytesMax = std::uint64_t{128} * 1024;

using FrameHead = std::array<char, kFrameOverheadBytes>;

std::string encode(const net::Hello& hello);
std::string encode(const net::HelloReply& reply);

// Each throws net::Malformed.
net::Hello decode_hello(std::string_view message);
net::HelloReply decode_hello_reply(std::string_view message);

// What stands before the bytes of a frame. Needs: frame_bytes <= TENON_FRAME_BYTES_MAX.
FrameHead frame_head(std::uint64_t frame_bytes) noexcept;
// Appends the frames of a message, in place. False, and nothing appended: it is not of the form above.
bool append_frames(std::string_view message, std::vector<tenon_bytes>& frames);

}  // namespace tenon::transport_websocket
