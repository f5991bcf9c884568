// SPDX-License-Identifier: MIT
#include "checks/bounds.hpp"

#include <algorithm>
#include <string>

namespace tenon::sim {
namespace {

constexpr std::uint64_t kHistorySlackBytes = 100'000;
// That a leader appends beside what clients want: a membership and an entry of the clock, one of each at a time.
constexpr std::uint64_t kUnaskedEntriesMax = 2;

void check(raft::NodeId node, const char* what, std::uint64_t is, std::uint64_t at_most) {
  if (is <= at_most) return;
  throw Violation("bounds", "node " + std::to_string(node.value()) + ": " + what + " is " + std::to_string(is) +
                                ", and may be " + std::to_string(at_most));
}

}  // namespace

void check_bounds(raft::NodeId node, const node::Status& status, std::size_t open_images, const Held& may_be_held) {
  const auto& [settings, request_bytes_max, nodes, has_committed] = may_be_held;
  // One request alone may be larger than the inbox.
  check(node, "what waits in its inbox", status.inbox_bytes, std::max(settings.inbox_bytes_max, request_bytes_max));
  if (has_committed) {
    check(node, "what it has appended and is not decided", status.last_index.value() - status.commit_index.value(),
          settings.unapplied_entries_max + kUnaskedEntriesMax);
  }
  // The changes of one entry are kept whole.
  check(node, "its watch history", status.watches.history_bytes, settings.watch_history_bytes_max + kHistorySlackBytes);
  // One that is taken or installed, one that comes in, one for each peer that is sent one, and those that are closed.
  check(node, "the number of its open images", open_images, 2 + nodes + settings.images.sending.closing_files_max);
}

}  // namespace tenon::sim
