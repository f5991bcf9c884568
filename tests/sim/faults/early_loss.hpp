// SPDX-License-Identifier: MIT
// A founder loses its disk before everyone has written down which that was. Nobody hears it until one leads without it,
// who knows it by its number alone. That one is parted from all, so that another is elected, which the founder helps to
// decide; then it is emptied, waits to be taken in, and meets the old leader alone, which may have heard of nothing.
#pragma once

#include <cstdint>

#include "faults/fault_plan.hpp"

namespace tenon::sim {

class EarlyLoss {
 public:
  EarlyLoss(const Options& options, EventQueue& events, Trace& trace, Network& network, Machines& machines,
            const Atlas& atlas, FaultPlan& plan)
      : options_(options),
        events_(events),
        trace_(trace),
        network_(network),
        machines_(machines),
        atlas_(atlas),
        plan_(plan),
        random_(options.seed, "early loss") {}

  void begin();
  // The node has run.
  void ran(const Machine& machine);
  // No fault begins any more.
  void end() { stage_ = Stage::over; }

 private:
  enum class Stage : std::uint8_t { unheard, parted, about_to_be_lost, lost, over };

  Machine& machine_of(NodeId node) const { return *machines_.at(node.value() - 1); }
  // Nothing passes between `one` and `other`.
  void part(NodeId one, NodeId other);
  void part_leader(const Machine& leader);
  void lose();
  // Everyone hears everyone again.
  void release();

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  Machines& machines_;
  const Atlas& atlas_;
  FaultPlan& plan_;
  Stream random_;
  Stage stage_ = Stage::over;
  NodeId lost_;  // the founder
  NodeId leader_;
  raft::Term led_;  // by the leader
};

}  // namespace tenon::sim
