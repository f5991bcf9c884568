// SPDX-License-Identifier: MIT
//   I36  no node sends the same frame to the same peer at a thousand instants of one second while nothing changes
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

  // `frame` and `state` stand for all of a frame, and of what its sender knows. What is sent at one instant answers
  // what came at one, such as all that a link had held up. Throws Violation.
  void sent(raft::NodeId from, raft::NodeId to, std::uint64_t frame, std::uint64_t state, Instant now) {
    Window& window = windows_[from];
    if (window.state != state || now - window.began > kWindow) window = {state, now, {}};
    Repeated& repeated = window.frames[{to, frame}];
    if (repeated.instants > 0 && repeated.last == now) return;
    repeated.last = now;
    if (++repeated.instants <= kRepetitionsMax) return;
    throw Violation("wedge", "node " + std::to_string(from.value()) + " has sent node " + std::to_string(to.value()) +
                                 " one frame at " + std::to_string(kRepetitionsMax) +
                                 " instants of one second, while nothing changed");
  }

 private:
  struct Repeated {
    std::uint64_t instants = 0;
    Instant last;
  };
  struct Window {
    std::uint64_t state = 0;
    Instant began;
    std::map<std::pair<raft::NodeId, std::uint64_t>, Repeated> frames;
  };
  std::map<raft::NodeId, Window> windows_;  // of each sender
};

}  // namespace tenon::sim
