// SPDX-License-Identifier: MIT
// What survives the loss of power in a cluster of bare cores: hard state, a log that may be cut short at its front, and
// an image, of which only what it is an image of is kept.
#pragma once

#include <memory>
#include <vector>

#include "raft/effects.hpp"

namespace tenon::support {

// The state as of an entry that is committed.
struct Image {
  raft::LogIndex index;  // 0: the state that every node is born with
  raft::Term term;
  std::shared_ptr<const raft::Membership> membership;  // never null
};

struct Disk {
  raft::HardState hard_state;
  Image image;                       // the newest
  raft::LogIndex first{1};           // where the log begins; <= image.index + 1
  std::vector<raft::Entry> entries;  // from `first` on

  raft::LogIndex last() const noexcept { return raft::LogIndex(first.value() + entries.size() - 1); }
  // Null: the log does not hold it.
  const raft::Entry* find(raft::LogIndex index) const noexcept;
  // Whether the log holds the entry at the end of the image, or begins behind it.
  bool log_joins_image() const noexcept;

  // The parts in the order that storage keeps. Throws std::logic_error when they do not fit what is there.
  void apply(const raft::Write& write);
  // As a node does when it starts: a log that does not go on from the image is emptied.
  void recover();

 private:
  void compact(raft::LogIndex up_to);
};

}  // namespace tenon::support
