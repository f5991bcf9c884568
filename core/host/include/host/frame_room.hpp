// SPDX-License-Identifier: MIT
// Bounds the frames that have come from peers and wait for the node: in all, so that memory is bounded, and of each
// peer, so that one that floods leaves room for the others.
//
// All functions: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "node/submission.hpp"

namespace tenon::host {

inline constexpr std::uint64_t kWaitingFrameBytesMax = 64u << 20;
inline constexpr std::uint64_t kWaitingPeerFrameBytesMax = 16u << 20;  // of one peer
inline constexpr std::uint64_t kFrameChargeMin = 256;                  // what the smallest frame takes of it

class FrameRoom {
 public:
  // False: there is no room for a frame of so many bytes. Else it is taken until give_back().
  bool take(raft::NodeId peer, std::uint64_t bytes);
  // Needs: taken.
  void give_back(raft::NodeId peer, std::uint64_t bytes);

 private:
  std::mutex mutex_;
  std::uint64_t taken_ = 0;                      // the sum of peers_; <= kWaitingFrameBytesMax
  std::map<raft::NodeId, std::uint64_t> peers_;  // each > 0 and <= kWaitingPeerFrameBytesMax
};

}  // namespace tenon::host
