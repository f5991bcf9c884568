// SPDX-License-Identifier: MIT
// Nodes that speak to each other, over lanes that a test cuts and frames that it changes.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <utility>

#include "machine.hpp"

namespace tenon::node {

using std::chrono::milliseconds;

inline const raft::Membership kThree{{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}};

class Cluster {
 public:
  explicit Cluster(const raft::Membership& members = kThree, std::optional<raft::Duration> lease_drift = std::nullopt) {
    for (const raft::Member& member : members.members) machines_.emplace_back(member.id, members, lease_drift);
    for (Machine& machine : machines_) machine.now = now_at(machine);
  }

  Machine& at(NodeId id) {
    return *std::find_if(machines_.begin(), machines_.end(),
                         [&](const Machine& machine) { return machine.settings.raft.self == id; });
  }
  // Runs every node once, syncs its disk and delivers what it sent, unless a link is cut.
  void round() {
    for (Machine& machine : machines_) {
      if (stopped(machine)) continue;
      machine.now = now_at(machine);
      machine.run();
      while (!machine.storage.queued.empty()) machine.sync_one();
      while ((!reads || reads(machine)) && !machine.storage.reads.empty()) machine.answer_read();
      while ((!works || works(machine)) && !machine.workers.waiting.empty()) machine.work_one();
    }
    for (Machine& machine : machines_) {
      for (const ManualPeers::Sent& sent : std::exchange(machine.peers.sent, {})) {
        if (cut.contains(machine.settings.raft.self) || cut.contains(sent.to)) continue;
        if (loses && loses(sent.to, std::get<wire::DecodedFrame>(wire::decode_frame(sent.frame)).body)) continue;
        if (drops && drops(std::get<wire::DecodedFrame>(wire::decode_frame(sent.frame)).body)) continue;
        at(sent.to).node->receive(machine.settings.raft.self, sent.frame);
      }
    }
  }
  void pass(milliseconds time) {
    for (const raft::Instant end = now.steady + time; now.steady < end; advance(milliseconds(5))) {
      round();
      round();
    }
  }
  // Time goes by, and nobody does anything.
  void advance(milliseconds time) {
    now.steady += time;
    now.wall_ms += static_cast<std::uint64_t>(time.count());
  }
  Machine* leader() {
    for (Machine& machine : machines_) {
      if (!stopped(machine) && !machine.recorder.failure && machine.node->status().role == RoleName::leader)
        return &machine;
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

  std::function<bool(const wire::Body&)> drops;             // of frames that the network loses; null: of none
  std::function<bool(NodeId to, const wire::Body&)> loses;  // the same, by whom they are for
  std::function<bool(Machine&)> works;                      // whose workers run; null: everyone's
  std::function<bool(Machine&)> reads;                      // whose storage answers reads; null: everyone's
  std::map<NodeId, std::int64_t> wall_ahead_ms;             // by how much a wall clock is wrong
  std::set<NodeId> cut;                                     // neither runs nor hears nor is heard
  Now now{raft::Instant(std::chrono::hours(600)), 1'000'000};

 private:
  Now now_at(const Machine& machine) const {
    const auto ahead = wall_ahead_ms.find(machine.settings.raft.self);
    const std::int64_t ahead_ms = ahead == wall_ahead_ms.end() ? 0 : ahead->second;
    return {now.steady, static_cast<std::uint64_t>(static_cast<std::int64_t>(now.wall_ms) + ahead_ms)};
  }

  std::list<Machine> machines_;
};

}  // namespace tenon::node
