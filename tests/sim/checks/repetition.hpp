// SPDX-License-Identifier: MIT
//   I36  no node sends the same frame to the same peer a thousand times within a second while nothing changes
#pragma once

#include <map>
#include <utility>

#include "raft/types.hpp"
#include "trace.hpp"

namespace tenon::sim {

class Repetition {
 public:
  static constexpr std::uint64_t kRepetitionsMax = 1'000;
  static constexpr seconds kWindow{1};

  // `frame` and `state` stand for all of a frame, and of what its sender knows. Throws Violation.
  void sent(raft::NodeId from, raft::NodeId to, std::uint64_t frame, std::uint64_t state, Instant now) {
    Window& window = windows_[from];
    if (window.state != state || now - window.began > kWindow) window = {state, now, {}};
    if (++window.frames[{to, frame}] <= kRepetitionsMax) return;
    throw Violation("wedge", "node " + std::to_string(from.value()) + " has sent node " + std::to_string(to.value()) +
                                 " one frame " + std::to_string(kRepetitionsMax) +
                                 " times within a second, while nothing changed");
  }

 private:
  struct Window {
    std::uint64_t state = 0;
    Instant began;
    std::map<std::pair<raft::NodeId, std::uint64_t>, std::uint64_t> frames;  // how often
  };
  std::map<raft::NodeId, Window> windows_;  // of each sender
};

}  // namespace tenon::sim
