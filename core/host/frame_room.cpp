// SPDX-License-Identifier: MIT
#include "host/frame_room.hpp"

#include <algorithm>

#include "tenon/check.hpp"
#include "tenon/transport.h"

namespace tenon::host {

static_assert(TENON_FRAME_BYTES_MAX <= kWaitingPeerFrameBytesMax && kFrameChargeMin <= TENON_FRAME_BYTES_MAX);
static_assert(kWaitingPeerFrameBytesMax <= kWaitingFrameBytesMax);

bool FrameRoom::take(raft::NodeId peer, std::uint64_t bytes) {
  if (bytes > TENON_FRAME_BYTES_MAX) return false;
  const std::uint64_t charge = std::max(bytes, kFrameChargeMin);
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  const std::uint64_t of_peer = found == peers_.end() ? 0 : found->second;
  if (of_peer + charge > kWaitingPeerFrameBytesMax || taken_ + charge > kWaitingFrameBytesMax) return false;
  peers_[peer] = of_peer + charge;
  taken_ += charge;
  return true;
}

void FrameRoom::give_back(raft::NodeId peer, std::uint64_t bytes) {
  const std::uint64_t charge = std::max(bytes, kFrameChargeMin);
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  TENON_CHECK(found != peers_.end() && found->second >= charge && taken_ >= charge);
  found->second -= charge;
  taken_ -= charge;
  if (found->second == 0) peers_.erase(found);
}

}  // namespace tenon::host
