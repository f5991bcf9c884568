// SPDX-License-Identifier: MIT
// What two nodes say to each other first, as values; how it is written down is each protocol's own.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "net/peer/introduction.hpp"

namespace tenon::net {

inline constexpr std::uint32_t kHelloBytesMax = 64 * 1024;
inline constexpr std::size_t kClientAddressBytesMax = 1024;

// The first message of the dialler.
struct Hello {
  std::int32_t version = 0;  // of the protocol, as the sender speaks it
  Introduction sender;
  std::uint64_t to = 0;
  std::int32_t lane = 0;         // TENON_LANE_*, or one that is not known here
  std::int32_t sequence_id = 0;  // which the reply repeats, where the protocol has one
};

// Every protocol numbers them like this.
enum class Refusal : std::int32_t {
  kVersion = 1,      // the version is not spoken here
  kCluster = 2,      // the sender is of another cluster
  kNode = 3,         // the hello is for another node
  kSender = 4,       // the sender has the id of the node that it says hello to
  kUnknownPeer = 5,  // the sender is no peer of this node, or not yet
  kLane = 6,         // there is no such lane
};

// One word, as the label `reason` of the metric says it.
const char* name_of(Refusal refusal) noexcept;

struct HelloReply {
  std::int32_t version = 0;  // of who replies
  Introduction sender;
  std::optional<std::int32_t> refusal;  // a Refusal, or one that is not known here; absent: accepted
  std::string reason;                   // of a refusal, for people
};

// Bytes are not what the protocol says; what() is one line for the operator.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws Malformed unless there are at most TENON_CLIENT_ADDRESSES_MAX client addresses, each of at most
// kClientAddressBytesMax bytes and without a zero byte.
void check_client_addresses(const Introduction& introduction);

}  // namespace tenon::net
