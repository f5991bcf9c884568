// SPDX-License-Identifier: MIT
// Where this node reaches others, and who of them has connections: every member that has an address, by the membership
// or by the config, and for a time guests, who are no members: those that may become one, and those that were.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/peer_port.hpp"
#include "raft/membership.hpp"

namespace tenon::node {

using Addresses = std::vector<std::string>;
using ConfiguredPeers = std::map<raft::NodeId, Addresses>;

class PeerPlaces {
 public:
  static constexpr std::size_t kGuestsMax = 16;

  // Keeps: port, for its life. `configured` are the addresses that the config knows, perhaps with those of this node.
  PeerPlaces(PeerPort& port, raft::NodeId self, ConfiguredPeers configured)
      : port_(port), self_(self), configured_(std::move(configured)) {}

  // The members are these; whoever is none any more stays a guest until `until`. Returns what is wrong with addresses,
  // for the operator.
  std::vector<std::string> follow(const raft::Membership& membership, raft::Instant until);
  // Connects to a node that is no member, until then; where it was looked for elsewhere it is looked for anew. Returns
  // what is wrong with the addresses, else nothing. Without addresses those of the config are used. A member is left as
  // it is, unless no address of it is known: then this one serves until the membership knows better.
  std::string invite(raft::NodeId node, const Addresses& addresses, raft::Instant until);
  // Connections to guests whose time is over end.
  void expire(raft::Instant now);
  std::optional<raft::Instant> next_expiry() const noexcept;

  // The control lane to a peer is up, or down.
  void on_lane(raft::NodeId node, bool is_up);
  // Whether this node has found it where it was said to be. That it has come here by itself does not show that.
  bool is_reached(raft::NodeId node) const { return in_use_.contains(node) && reached_.contains(node); }
  // Those of the membership first, then those of the config that are not among them; perhaps none. Also of this node.
  Addresses addresses_of(const raft::Membership& membership, raft::NodeId node) const;
  const ConfiguredPeers& configured() const noexcept { return configured_; }
  // Everyone with whom there is a connection, or could be.
  std::vector<raft::NodeId> peers() const;

 private:
  struct Guest {
    Addresses addresses;
    raft::Instant until;
  };
  std::string use(raft::NodeId node, Addresses addresses);

  PeerPort& port_;
  const raft::NodeId self_;
  const ConfiguredPeers configured_;
  std::optional<raft::Membership> followed_;  // nullopt: none yet
  std::map<raft::NodeId, Addresses> in_use_;  // as the port was told; none of them is empty
  std::set<raft::NodeId> reached_;            // control lanes to them are up; no more than there are peers
  std::map<raft::NodeId, Guest> guests_;      // no members; at most kGuestsMax
};

}  // namespace tenon::node
