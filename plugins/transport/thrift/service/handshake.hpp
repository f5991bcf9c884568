// SPDX-License-Identifier: MIT
// The call hello() of peer.thrift and its reply, between bytes and values.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "introduction.hpp"

namespace tenon::transport_thrift {

inline constexpr std::int32_t kProtocolVersion = 1;
inline constexpr std::uint32_t kHelloBytesMax = 64 * 1024;
inline constexpr std::size_t kClientAddressBytesMax = 1024;

struct Hello {
  std::int32_t version = kProtocolVersion;
  Introduction sender;
  std::uint64_t to = 0;
  std::int32_t lane = 0;         // TENON_LANE_*, or one that is not known here
  std::int32_t sequence_id = 0;  // which the reply repeats
};

// As peer.thrift numbers them.
enum class Refusal : std::int32_t {
  kVersion = 1,
  kCluster = 2,
  kNode = 3,
  kSender = 4,
  kUnknownPeer = 5,
  kLane = 6,
};

struct HelloReply {
  std::int32_t version = kProtocolVersion;
  Introduction sender;
  std::optional<std::int32_t> refusal;  // a Refusal, or one that is not known here
  std::string reason;
};

// The bytes are not what peer.thrift says; what() is one line for the operator.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Messages without the length of the framed transport.
std::string encode(const Hello& hello);
std::string encode(const HelloReply& reply, std::int32_t sequence_id);

// Each throws Malformed. Of another version than kProtocolVersion only `version` and `sequence_id` mean anything; of
// this one, an incarnation has its size, and client addresses are as many and as long as they may be and hold no zero
// byte. Needs: at most kHelloBytesMax bytes.
Hello decode_hello(std::string_view message);
HelloReply decode_hello_reply(std::string_view message);

}  // namespace tenon::transport_thrift
