// SPDX-License-Identifier: MIT
// Where what comes from peers goes.
#pragma once

#include <span>
#include <string>

#include "node/peer_port.hpp"
#include "tenon/values.h"

namespace tenon::host {

// Of the counter tenon_frames_dropped_total, whose label `reason` says why.
inline constexpr const char* kFramesDroppedHelp = "Frames from peers that were dropped before the core saw them.";

// All functions: any thread; none blocks, and none may call a transport. What concerns one peer is kept in the order of
// the calls.
class PeerEvents {
 public:
  virtual ~PeerEvents() = default;
  // Copies the frames for which there is room, and counts the others.
  virtual void receive(raft::NodeId peer, std::span<const tenon_bytes> frames) = 0;
  virtual void on_lane(raft::NodeId peer, node::Lane lane, node::LaneEvent event) = 0;
  // An attempt to reach a peer has failed; `why` is for the operator, with the address.
  virtual void on_dial_failed(raft::NodeId peer, const std::string& why) = 0;
};

}  // namespace tenon::host
