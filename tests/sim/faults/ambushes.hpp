// SPDX-License-Identifier: MIT
// Faults that wait for one node to be where it is weakest: who has just raised its term to stand for it is heard by
// nobody for a while, so that it is ahead of everyone else for nothing; a machine loses its power in the middle of a
// write, perhaps again in the first one after it has started, over what the one before has left torn; and who is sent
// an image has its workers stand still, and hears of its leader no more, nor does anybody else: the log of the next
// one may reach back far enough to overtake the image.
#pragma once

#include <cstdint>
#include <map>

#include "faults/fault_plan.hpp"

namespace tenon::sim {

class Ambushes {
 public:
  Ambushes(const Options& options, EventQueue& events, Trace& trace, Network& network, FaultPlan& plan)
      : options_(options),
        events_(events),
        trace_(trace),
        network_(network),
        plan_(plan),
        random_(options.seed, "ambushes"),
        losses_(options.seed, "power losses in writes"),
        overtakings_(options.seed, "overtakings") {}

  // No fault begins any more.
  void end() { is_over_ = true; }
  // The node has run.
  void ran(Machine& machine);

 private:
  void silence(const Machine& candidate);
  void watch_writes(Machine& machine);
  void overtake_image(Machine& receiver);
  void strike(Machine& machine, std::uint64_t life, Duration wait);

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  FaultPlan& plan_;
  Stream random_;
  Stream losses_;
  Stream overtakings_;
  bool is_over_ = false;
  std::map<NodeId, raft::Term> stood_in_;       // the last term in which each has stood
  std::map<NodeId, std::uint64_t> watched_in_;  // the life in which the writes of each are watched
  std::map<NodeId, std::uint64_t> patience_;    // rounds until who is sent an image stands still; 0: it does not
};

}  // namespace tenon::sim
