// SPDX-License-Identifier: MIT
// The way to other nodes: what transport.h promises, without its tables, so that a simulator can stand in for it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "raft/types.hpp"
#include "wire/frame.hpp"

namespace tenon::node {

enum class Lane { control, bulk };

enum class LaneEvent {
  up,        // what is sent from now on can arrive
  down,      // the connection is gone, and with it all that was queued or under way
  writable,  // there is room again after send() took fewer than offered
};

class PeerPort {
 public:
  virtual ~PeerPort() = default;
  // Takes the first frames, moves them away, and returns how many; the others were surely not sent. What was taken
  // arrives at most once, in order within the lane, or never. Never blocks, and calls nothing of the node.
  virtual std::size_t send(raft::NodeId peer, Lane lane, std::span<wire::OutgoingFrame> frames) = 0;
  // Says where a peer is: URLs in order of preference, tried in the background for ever; none: it is dropped, and its
  // lanes are down from now on. Returns what is wrong with them, for the operator; empty: they are used. Never blocks,
  // and calls nothing of the node.
  virtual std::string set_peer(raft::NodeId, const std::vector<std::string>&) { return {}; }
};

}  // namespace tenon::node
