// SPDX-License-Identifier: MIT
// What this node knows of where the nodes of its cluster are: their addresses from the config, and what each says of
// itself. Addresses are URLs; the scheme of a client-facing one is the name of a client API.
//
// All functions: any thread, none blocks.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/peer_port.hpp"
#include "tenon/transport.h"

namespace tenon::host {

inline constexpr std::size_t kPeersMax = 64;
inline constexpr std::size_t kAddressesMax = TENON_CLIENT_ADDRESSES_MAX;  // of one node and kind
inline constexpr std::size_t kAddressBytesMax = 256;

struct KnownNode {
  raft::NodeId id;
  std::vector<std::string> addresses;            // where its peers reach it; empty: not configured
  std::vector<std::string> client_addresses;     // by its own word
  std::optional<raft::Incarnation> incarnation;  // by its own word; the membership has the one that counts
  std::array<std::string, 2> lanes;              // by node::Lane: the transport in use; empty: the lane is down
};

class PeerDirectory {
 public:
  explicit PeerDirectory(raft::NodeId self);
  PeerDirectory(const PeerDirectory&) = delete;
  PeerDirectory& operator=(const PeerDirectory&) = delete;

  raft::NodeId self() const noexcept { return self_; }
  bool knows(raft::NodeId node) const;
  // Of this node or a peer, which is known from now on. Needs: valid_addresses() of them; at most kPeersMax peers.
  void set_addresses(raft::NodeId node, std::vector<std::string> addresses);
  // What a node says of itself takes the place of what it said before. False: it is not known, or the addresses are
  // not valid, and nothing was changed.
  bool introduce(raft::NodeId node, const raft::Incarnation& incarnation, std::vector<std::string> client_addresses);
  // Nothing of it is known any more. Needs: not this node.
  void forget(raft::NodeId node);
  // Empty: the lane is down. Needs: it is known.
  void set_lane(raft::NodeId peer, node::Lane lane, std::string transport);

  // host:port at which `node` serves this client API; empty: not known.
  std::string client_address(raft::NodeId node, std::string_view client_api) const;
  // This node and every peer, ascending.
  std::vector<KnownNode> nodes() const;

 private:
  const raft::NodeId self_;
  mutable std::mutex mutex_;
  std::map<raft::NodeId, KnownNode> nodes_;  // at most kPeersMax + 1; has self_
};

// At most kAddressesMax, each at most kAddressBytesMax printable ASCII characters without space and '|', of the form
// scheme://place.
bool valid_addresses(const std::vector<std::string>& addresses) noexcept;

}  // namespace tenon::host
