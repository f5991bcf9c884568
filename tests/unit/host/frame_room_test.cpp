// SPDX-License-Identifier: MIT
#include "host/frame_room.hpp"

#include "support/catch.hpp"
#include "tenon/transport.h"

namespace tenon::host {
namespace {

TEST_CASE("a peer that floods leaves room for the others, and all together have a bound") {
  FrameRoom room;
  constexpr std::uint64_t largest = TENON_FRAME_BYTES_MAX;
  constexpr std::uint64_t each = kWaitingPeerFrameBytesMax / largest;
  constexpr std::uint64_t peers = kWaitingFrameBytesMax / kWaitingPeerFrameBytesMax;
  for (std::uint64_t peer = 1; peer <= peers; ++peer) {
    for (std::uint64_t i = 0; i < each; ++i) CHECK(room.take(raft::NodeId(peer), largest));
    CHECK_FALSE(room.take(raft::NodeId(peer), 1));
  }
  CHECK_FALSE(room.take(raft::NodeId(peers + 1), 1));
  room.give_back(raft::NodeId(1), largest);
  CHECK(room.take(raft::NodeId(peers + 1), largest));
  CHECK_FALSE(room.take(raft::NodeId(1), 1));
}

TEST_CASE("a frame larger than any may be finds no room, and small ones are not free") {
  FrameRoom room;
  CHECK_FALSE(room.take(raft::NodeId(1), TENON_FRAME_BYTES_MAX + 1));
  CHECK_FALSE(room.take(raft::NodeId(1), ~std::uint64_t{0}));
  std::uint64_t taken = 0;
  while (room.take(raft::NodeId(1), 1)) ++taken;
  CHECK(taken == kWaitingPeerFrameBytesMax / kFrameChargeMin);
  for (; taken > 0; --taken) room.give_back(raft::NodeId(1), 1);
  CHECK(room.take(raft::NodeId(1), TENON_FRAME_BYTES_MAX));
}

}  // namespace
}  // namespace tenon::host
