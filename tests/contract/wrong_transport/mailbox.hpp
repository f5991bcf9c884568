// SPDX-License-Identifier: MIT
// What the node thread leaves for the plugin's own: peers and frames. The queue of a lane is bounded here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sin.hpp"
#include "tenon/transport.hpp"

namespace tenon::wrong_transport {

using LaneId = std::pair<std::uint64_t, Lane>;

class Mailbox {
 public:
  explicit Mailbox(std::uint64_t lane_bytes_max) : lane_bytes_max_(lane_bytes_max) {}

  // The node thread's.
  void set_peer(std::uint64_t peer, std::vector<std::uint16_t> ports);
  void send(const LaneId& lane, OfferedFrames& frames);

  // The others are the plugin's own thread's.
  std::map<std::uint64_t, std::vector<std::vector<std::uint16_t>>> take_peers();
  std::vector<Frame> take_frames(const LaneId& lane);
  // From now on frames are taken for the lane, until close().
  void open(const LaneId& lane);
  // Returns what nobody has taken yet.
  std::vector<Frame> close(const LaneId& lane);
  // Returns whether the host is to be told WRITABLE.
  bool give_room(const LaneId& lane, std::uint64_t bytes);

 private:
  struct Queue {
    bool open = false;
    bool starved = false;     // send() took fewer than offered
    std::uint64_t bytes = 0;  // of frames that have not been sent whole
    std::vector<Frame> handed;
  };

  const std::uint64_t lane_bytes_max_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::map<LaneId, Queue> queues_;
  std::map<std::uint64_t, std::vector<std::vector<std::uint16_t>>> peers_;  // the changes of each, in order
};

}  // namespace tenon::wrong_transport
