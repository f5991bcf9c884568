// SPDX-License-Identifier: MIT
// The hashes of the states of the voters at the same indexes, side by side. Nodes that have applied the same hold the
// same state; one that does not has a defect, in its memory, its disk or its program, and what it answers is wrong.
// Which side is right only numbers can say: a node that finds a majority against it stops, and where there is none
// nobody does.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "raft/entry.hpp"
#include "raft/types.hpp"
#include "wire/frame.hpp"

namespace tenon::node {

class StateComparison {
 public:
  // Needs: interval > 0, the same on all nodes for there to be anything to compare.
  explicit StateComparison(std::uint64_t interval) noexcept : interval_(interval) {}

  // Whether the state is compared at this index.
  bool is_kept(raft::LogIndex index) const noexcept { return index.value() % interval_ == 0; }
  // Needs: is_kept(index); indexes ascend.
  void applied(raft::LogIndex index, std::uint64_t hash);
  // The state came from elsewhere; that of earlier indexes is no business of this node any more.
  void replaced() { own_.clear(); }
  // What this node says of itself: kReportedStatesMax at most, the newest.
  std::vector<wire::StateMark> own() const { return {own_.begin(), own_.end()}; }
  // What a voter says of itself, in place of what it said before.
  void reported(raft::NodeId voter, std::vector<wire::StateMark> states);

  struct Outcome {
    std::uint64_t compared = 0;  // hashes that were not compared before
    std::string difference;      // for people; empty: none that was not told before
    bool is_odd = false;         // a majority of the voters holds another state than this node
  };
  // Takes no time when nothing was applied or reported since the last call. Needs: self is a voter.
  Outcome compare(const raft::Membership& membership, raft::NodeId self);

 private:
  struct Peer {
    std::vector<wire::StateMark> states;
    raft::LogIndex compared_to;  // what is compared up to here has been counted, and told
  };
  // Of the voters at one index, by what they say.
  struct Sides {
    std::map<std::uint64_t, std::vector<raft::NodeId>> voters;  // by hash
    bool is_new = false;                                        // one of them differs, and was not told before
  };
  Sides sides_at(const wire::StateMark& own, const raft::Membership& membership, raft::NodeId self, Outcome& outcome);

  const std::uint64_t interval_;
  std::deque<wire::StateMark> own_;  // ascending, kReportedStatesMax at most
  std::map<raft::NodeId, Peer> peers_;
  bool has_news_ = false;  // since the last compare()
};

}  // namespace tenon::node
