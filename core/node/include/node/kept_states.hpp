// SPDX-License-Identifier: MIT
// States of which a client has read a page and may want the next: the pages of one scan show one revision, whatever is
// written between them. A few are kept, and not for long; who comes too late is told that the revision is compacted.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kv/snapshot.hpp"
#include "raft/types.hpp"

namespace tenon::node {

class KeptStates {
 public:
  static constexpr std::size_t kStatesMax = 16;
  static constexpr std::chrono::seconds kIdleMax{30};  // since a page of it was read last

  // The state of this revision; null: it is not kept.
  const kv::Snapshot* find(std::uint64_t revision, raft::Instant now) noexcept {
    const auto found = at(revision);
    if (found == states_.end()) return nullptr;
    found->used = now;
    return found->snapshot.get();
  }
  // Keeps a state, in place of the one that was used least lately when there are too many. Needs: it is not kept yet.
  void keep(std::shared_ptr<const kv::Snapshot> snapshot, raft::Instant now) {
    expire(now);
    if (states_.size() == kStatesMax) {
      states_.erase(std::min_element(states_.begin(), states_.end(),
                                     [](const Kept& left, const Kept& right) { return left.used < right.used; }));
    }
    states_.push_back({std::move(snapshot), now});
  }
  void expire(raft::Instant now) {
    std::erase_if(states_, [&](const Kept& kept) { return now - kept.used >= kIdleMax; });
  }
  // None of them belongs to the state that follows.
  void clear() noexcept { states_.clear(); }

 private:
  struct Kept {
    std::shared_ptr<const kv::Snapshot> snapshot;
    raft::Instant used;
  };
  std::vector<Kept>::iterator at(std::uint64_t revision) noexcept {
    return std::find_if(states_.begin(), states_.end(),
                        [&](const Kept& kept) { return kept.snapshot->revision() == revision; });
  }
  std::vector<Kept> states_;  // of different revisions; <= kStatesMax
};

}  // namespace tenon::node
