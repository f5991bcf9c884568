// SPDX-License-Identifier: MIT
// Nodes that speak to each other, over lanes that a test cuts and frames that it changes.
#pragma once

#include <algorithm>
#include <list>
#include <set>
#include <utility>

#include "machine.hpp"

namespace tenon::node {

using std::chrono::milliseconds;

inline const raft::Membership kThree{{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}};

class Cluster {
 public:
  Cluster() {
    for (const raft::Member& member : kThree.voters) machines_.emplace_back(member.id, kThree);
    for (Machine& machine : machines_) machine.now = now;
  }

  Machine& at(NodeId id) {
    return *std::find_if(machines_.begin(), machines_.end(),
                         [&](const Machine& machine) { return machine.settings.raft.self == id; });
  }
  // Runs every node once, syncs its disk and delivers what it sent, unless a link is cut.
  void round() {
    for (Machine& machine : machines_) {
      if (stopped(machine)) continue;
      machine.now = now;
      machine.run();
      while (!machine.storage.queued.empty()) machine.sync_one();
      while (!machine.storage.reads.empty()) machine.answer_read();
      while (!machine.workers.waiting.empty()) machine.work_one();
    }
    for (Machine& machine : machines_) {
      for (const ManualPeers::Sent& sent : std::exchange(machine.peers.sent, {})) {
        if (cut.contains(machine.settings.raft.self) || cut.contains(sent.to)) continue;
        at(sent.to).node->receive(machine.settings.raft.self, sent.frame);
      }
    }
  }
  void pass(milliseconds time) {
    for (const raft::Instant end = now.steady + time; now.steady < end; now.steady += milliseconds(5)) {
      round();
      round();
    }
  }
  Machine* leader() {
    for (Machine& machine : machines_) {
      if (!stopped(machine) && machine.node->status().role == RoleName::leader) return &machine;
    }
    return nullptr;
  }
  Machine& elect() {
    for (int i = 0; i < 100 && leader() == nullptr; ++i) pass(milliseconds(50));
    REQUIRE(leader() != nullptr);
    pass(milliseconds(200));
    return *leader();
  }
  Machine& follower() {
    return *std::find_if(machines_.begin(), machines_.end(),
                         [&](Machine& machine) { return !stopped(machine) && &machine != leader(); });
  }
  bool stopped(const Machine& machine) const { return cut.contains(machine.settings.raft.self); }

  std::set<NodeId> cut;  // neither runs nor hears nor is heard
  Now now{raft::Instant(std::chrono::hours(600)), 1'000'000};

 private:
  std::list<Machine> machines_;
};

}  // namespace tenon::node
