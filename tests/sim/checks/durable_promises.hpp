// SPDX-License-Identifier: MIT
// What a node has promised with its disk, and what it says to others on the strength of it, whatever it forgets
// between:
//
//   I34  what is durable of term and vote never goes back, and what a node holds in memory is never behind it
//   I35  a vote, and the acknowledgement of entries, leave a node when what they rest on is durable: of entries those
//        that it holds in memory, and not others at the same indexes
#pragma once

#include <map>
#include <optional>
#include <span>

#include "raft/entry.hpp"
#include "raft/message.hpp"
#include "trace.hpp"

namespace tenon::sim {

// What is durable on the disk of a node, by what the storage contract promises.
struct DurableView {
  raft::HardState hard_state;
  std::span<const raft::Term> terms;  // of the entries of its log, from index 1 on; 0: it came within an image
};

class DurablePromises {
 public:
  // Each throws Violation.
  void check(raft::NodeId node, const DurableView& durable, const raft::HardState& in_memory);
  // Its disk is another, which has promised nothing.
  void forget(raft::NodeId node) { promised_.erase(node); }
  // Whether check_sent() looks at messages of its kind.
  static bool is_promise(const raft::Message& message);
  // `in_memory` is what its log holds at the index that it acknowledges, if it does; nullopt: it is within an image, or
  // nowhere.
  static void check_sent(raft::NodeId from, raft::NodeId to, const raft::Message& message, const DurableView& durable,
                         std::optional<raft::Term> in_memory);

 private:
  std::map<raft::NodeId, raft::HardState> promised_;
};

}  // namespace tenon::sim
