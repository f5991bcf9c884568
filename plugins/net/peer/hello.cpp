// SPDX-License-Identifier: MIT
#include "net/peer/hello.hpp"

#include "tenon/transport.h"

namespace tenon::net {

const char* name_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::kVersion:
      return "version";
    case Refusal::kCluster:
      return "cluster";
    case Refusal::kNode:
      return "node";
    case Refusal::kSender:
      return "sender";
    case Refusal::kUnknownPeer:
      return "unknown_peer";
    case Refusal::kLane:
      return "lane";
  }
  return "unknown";
}

void check_client_addresses(const Introduction& introduction) {
  if (introduction.client_addresses.size() > TENON_CLIENT_ADDRESSES_MAX) {
    throw Malformed(std::to_string(introduction.client_addresses.size()) + " client addresses are more than the " +
                    std::to_string(TENON_CLIENT_ADDRESSES_MAX) + " there may be");
  }
  for (const std::string& address : introduction.client_addresses) {
    if (address.size() > kClientAddressBytesMax || address.find('\0') != std::string::npos) {
      throw Malformed("a client address is longer than " + std::to_string(kClientAddressBytesMax) +
                      " bytes or holds a zero byte");
    }
  }
}

}  // namespace tenon::net
