// SPDX-License-Identifier: MIT
// How old what a node shows can be at most: the time since it was surely the newest state.
//
// A read that was asked for at some time and confirmed by the leader gives an index, and a state that has applied it
// shows everything that was acknowledged before that time. So each such read says how old the state is, on the clock of
// this node alone: nothing rests on when the leader has sent something, nor on clocks of others. A follower asks such a
// question now and then by itself.
#pragma once

#include <optional>
#include <vector>

#include "raft/types.hpp"

namespace tenon::node {

class StateAge {
 public:
  // A state that has applied `index` shows everything that was acknowledged before `asked`.
  void confirmed(raft::Instant asked, raft::LogIndex index);
  void applied(raft::LogIndex index) noexcept;
  // The state shows everything that was acknowledged before this; nullopt: nothing is known.
  std::optional<raft::Instant> as_of() const noexcept { return as_of_; }

 private:
  struct Confirmed {
    raft::Instant asked;
    raft::LogIndex index;
  };
  static constexpr std::size_t kWaitingMax = 64;

  std::optional<raft::Instant> as_of_;  // never falls
  raft::LogIndex applied_;
  std::vector<Confirmed> waiting_;  // each index is above applied_; ascending in both, at most kWaitingMax
};

}  // namespace tenon::node
