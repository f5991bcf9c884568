// SPDX-License-Identifier: MIT
// The way to other nodes: what transport.h promises, without its tables, so that a simulator can stand in for it.
#pragma once

#include <cstddef>
#include <span>

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
};

}  // namespace tenon::node
