// SPDX-License-Identifier: MIT
// What faults may take from a cluster for good, so that all that it promises must still hold: of no set of voters that
// counts now, or may come to count without anything new being asked for, so many disks that less than a majority is
// left of those that the cluster knows and that are whole. A disk that is damaged counts as gone until its node has
// started from it and found nothing. Clusters of one and two have none to spare.
//
// Sets that may come to count are those of the newest membership that is decided, and of every later one that a leader
// has appended; and what becomes of them when learners that are to be voters become that, and when changes that were
// asked for are made, some or all of them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

using Machines = std::vector<std::unique_ptr<Machine>>;
using Voters = std::set<NodeId>;

// Its disk is whole, and the one that the cluster knows.
bool is_sound(const Machine& machine);

class Atlas {
 public:
  Atlas(const Options& options, const Machines& machines) : options_(options), machines_(machines) {}

  // What a cluster is born with.
  void begin(raft::Membership born);
  // It has run: maybe it knows that a later membership is decided.
  void saw(const Machine& machine);
  // A change was asked for, and comes or does not, until it is settled.
  void asked(std::uint64_t request, const node::MemberChangeWanted& wanted) { asked_[request] = wanted; }
  void settled(std::uint64_t request) { asked_.erase(request); }

  // The newest that is decided, as far as any node knows.
  const raft::Membership& decided() const noexcept { return *decided_.membership; }
  // Whether it counts by the disk that it has now wherever it may come to count.
  bool is_known(const Machine& machine) const;
  // Every set of voters that counts or may come to count.
  std::set<Voters> possible() const;
  // Whether the others are enough without this one.
  bool may_spoil(const Machine& machine) const;
  // The same, of one that has a disk to lose.
  bool may_wipe(const Machine& machine) const;
  // Whether it may begin anew as it did at first: never before every other has it in its log for good which disk this
  // node is known by, or that it is no member, for nobody could tell an empty one from it; and never a majority of
  // those who did, for they would be that cluster.
  bool may_be_born_again(const Machine& machine) const;
  // Whether enough disks are whole also when this comes.
  bool may_ask(const node::MemberChangeWanted& wanted) const;
  // It was a member or has another disk than when it was one, and neither is it one any more nor may it become one.
  bool may_recycle(const Machine& machine) const;

 private:
  using Move = std::pair<NodeId, NodeId>;  // who becomes a voter, and who is none any more; 0: nobody

  std::vector<raft::Log::MembershipAt> open() const;
  std::vector<Move> moves_from(const raft::Membership& membership) const;
  const Machine& machine_of(NodeId node) const { return *machines_.at(node.value() - 1); }
  bool all_others_know(const Machine& machine) const;

  const Options& options_;
  const Machines& machines_;
  raft::Log::MembershipAt decided_;
  raft::LogIndex committed_;                       // as far as any node knows; >= decided_.index
  std::vector<raft::Log::MembershipAt> appended_;  // by leaders, behind committed_
  std::map<std::uint64_t, node::MemberChangeWanted> asked_;
};

}  // namespace tenon::sim
