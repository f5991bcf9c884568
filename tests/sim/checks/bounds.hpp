// SPDX-License-Identifier: MIT
//   I15  every queue of a node is within its named bound, of what can be seen from outside
#pragma once

#include <cstdint>

#include "node/node.hpp"
#include "trace.hpp"

namespace tenon::sim {

// What a node may hold.
struct Held {
  const node::Settings& settings;
  std::uint64_t request_bytes_max;  // of the largest request that anyone sends
  std::size_t nodes;
  bool has_committed;  // as a leader, in its own term; what it found in its log is decided then
};

// Throws Violation.
void check_bounds(raft::NodeId node, const node::Status& status, std::size_t open_images, const Held& may_be_held);

}  // namespace tenon::sim
