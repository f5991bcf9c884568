// SPDX-License-Identifier: MIT
// The way from the node's thread to the I/O thread: frames to send and addresses of peers, through one mutex that is
// held for a few instructions.
//
// Of each lane it counts the bytes that were taken and are not yet sent, wherever they are meanwhile:
// bytes <= max(lane_bytes_max, one frame).
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "net/peer/introduction.hpp"
#include "net/peer/protocol.hpp"

namespace tenon::net {

class Outbox {
 public:
  struct PeerChange {
    bool drop = false;                   // the peer and its queues, before it gets the addresses
    std::vector<PeerAddress> addresses;  // empty: the peer is to be gone
  };
  struct Batch {
    LaneId lane;
    std::vector<Frame> frames;
  };
  struct Work {
    std::map<std::uint64_t, PeerChange> changes;
    std::vector<Batch> batches;
  };

  // Of each frame `frame_overhead_bytes` count beside its own.
  // `wake` is called by the node's thread when there is work and the I/O thread has taken all that there was before;
  // the I/O thread then calls take() soon.
  Outbox(std::uint64_t lane_bytes_max, std::uint64_t frame_overhead_bytes, std::function<void()> wake);

  // Node thread. Without addresses the peer is to be dropped.
  void set_peer(std::uint64_t peer, std::vector<PeerAddress> addresses);
  // Node thread. Takes what there is room for; none when the lane is not open. Needs: frames within
  // TENON_FRAME_BYTES_MAX.
  void send(const LaneId& lane, OfferedFrames& frames);

  // The rest is for the I/O thread.
  Work take();
  // Lets send() take frames for this lane.
  void open(const LaneId& lane);
  // Ends that, and returns what was taken since the last take(). Harmless when it is not open.
  std::vector<Frame> close(const LaneId& lane);
  // Gives back the room of bytes that were sent or given up, frames with their overhead. True: send() has taken fewer
  // than offered before, and now there is room. Needs: open.
  bool give_room(const LaneId& lane, std::uint64_t bytes);

 private:
  struct Queue {
    bool open = false;
    bool starved = false;  // send() has taken fewer than offered
    std::uint64_t bytes = 0;
    std::vector<Frame> handed;
  };
  void wake(std::unique_lock<std::mutex>& lock);

  const std::uint64_t lane_bytes_max_;
  const std::uint64_t frame_overhead_bytes_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::map<LaneId, Queue> queues_;  // two for each peer that there has been
  std::vector<LaneId> ready_;       // lanes in which something was handed over since the last take()
  std::map<std::uint64_t, PeerChange> changes_;
  bool awake_ = false;  // take() will come
};

}  // namespace tenon::net
