// SPDX-License-Identifier: MIT
// The call hello() of peer.thrift and its reply, between bytes and values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/peer/hello.hpp"

namespace tenon::transport_thrift {

inline constexpr std::int32_t kProtocolVersion = 1;

// Messages without the length of the framed transport.
std::string encode(const net::Hello& hello);
std::string encode(const net::HelloReply& reply, std::int32_t sequence_id);

// Each throws net::Malformed. Of another version than kProtocolVersion only `version` and `sequence_id` mean anything;
// of this one, an incarnation has its size, and client addresses are as many and as long as they may be and hold no
// zero byte. Needs: at most net::kHelloBytesMax bytes.
net::Hello decode_hello(std::string_view message);
net::HelloReply decode_hello_reply(std::string_view message);

}  // namespace tenon::transport_thrift
