// SPDX-License-Identifier: MIT
// An operator who changes the members of a cluster while everything else goes wrong: asks whoever leads to take in a
// spare, to promote, to remove and to replace, mostly so that the voters become as many as drawn; and sees to nodes
// whose disk is lost: they are replaced or removed, and when they are members no more, emptied to be spares again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "faults/atlas.hpp"

namespace tenon::sim {

class MemberPlan {
 public:
  MemberPlan(const Options& options, Trace& trace, Machines& machines, Atlas& atlas)
      : options_(options), trace_(trace), machines_(machines), atlas_(atlas) {}

  // Does one thing, or nothing. Returns a machine that it has emptied, to be started.
  Machine* act(Stream& random);
  // Throws Violation.
  void answered(const Machine& machine, const node::OperatorAnswer& answer);
  // A node is gone, and with it whoever waited for an answer.
  void ended(NodeId node);

 private:
  using Wanted = node::MemberChangeWanted;
  struct Asked {
    NodeId leader;
    Wanted wanted;
  };

  Machine* recycle(Stream& random);
  void ask(Machine& leader, Wanted wanted, Stream& random);
  std::optional<Wanted> choose(const raft::Membership& now, Stream& random);
  std::optional<Wanted> mend(const raft::Membership& now, Stream& random);
  std::optional<Wanted> approach(const raft::Membership& now, Stream& random);
  std::optional<Wanted> take_in(const raft::Membership& now, NodeId replaced, Stream& random);
  // I55: a change that is told to be done is decided.
  static void check_decided(const Machine& machine, const Wanted& wanted);
  void choose_target(std::size_t voters, Stream& random);
  void settle(std::uint64_t request);
  const Machine& machine_of(NodeId node) const { return *machines_.at(node.value() - 1); }

  const Options& options_;
  Trace& trace_;
  Machines& machines_;
  Atlas& atlas_;
  std::map<std::uint64_t, Asked> asked_;  // not answered yet
  std::uint64_t last_request_ = 0;
  std::size_t target_ = 0;  // how many voters there are to be; 0: not drawn yet
  std::size_t steps_ = 0;   // of the walk
};

}  // namespace tenon::sim
