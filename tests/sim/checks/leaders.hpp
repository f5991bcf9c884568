// SPDX-License-Identifier: MIT
// What a leader believes of others, held against what they are:
//
//   I52  nobody begins to lead while the lease of an earlier leader runs, by the clock of that one
//   I53  what a leader takes a follower to have is on the follower's disk, unless that has gone on to a later term
//   I54  what a follower acknowledges to a leader is what the leader has at that index
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "machine.hpp"
#include "machine/disks.hpp"

namespace tenon::sim {

class Leaders {
 public:
  // Needs: both outlive it.
  Leaders(const std::vector<std::unique_ptr<Machine>>& machines, const Disks& disks)
      : machines_(machines), disks_(disks) {}

  // Each throws Violation. It has begun to lead.
  void check_leases(const Machine& leader) const;
  // It has run. `committed` has the term of each entry that is committed.
  void check_matches(const Machine& machine, const Terms& committed);
  // I54 and I56: it says so.
  void check_acknowledged(const Machine& follower, NodeId leader, const raft::AppendAccepted& accepted) const;

 private:
  struct Known {
    raft::Term term;
    std::map<std::pair<NodeId, raft::Incarnation>, raft::LogIndex> matches;  // by how it knows each
  };

  const Machine* find(NodeId node) const;

  const std::vector<std::unique_ptr<Machine>>& machines_;
  const Disks& disks_;
  std::map<NodeId, Known> known_;  // by each leader, when it was last looked at
};

}  // namespace tenon::sim
