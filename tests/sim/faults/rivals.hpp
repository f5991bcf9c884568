// SPDX-License-Identifier: MIT
// Leaders that come and go before what they have appended has reached many (Raft paper, figure 8). Whoever leads is
// parted from most of the others, alone or with a few, until another leads; as soon as that one does, or has committed
// something, it is its turn. Unlike the faults of FaultPlan, which come by chance, these wait for the moment at which
// they do most harm: only then does an old leader have more than a new one, voters are asked while their leader can
// still be heard, and answers of one leadership arrive in another.
#pragma once

#include <cstdint>
#include <optional>

#include "clients/rival_clients.hpp"
#include "faults/fault_plan.hpp"

namespace tenon::sim {

class Rivals {
 public:
  Rivals(const Options& options, EventQueue& events, Trace& trace, Network& network, Machines& machines,
         FaultPlan& plan, RivalClients& clients)
      : options_(options),
        events_(events),
        trace_(trace),
        network_(network),
        machines_(machines),
        plan_(plan),
        clients_(clients),
        random_(options.seed, "rivals"),
        hushes_(options.seed, "writes held up") {}

  void begin();
  // No fault begins any more.
  void end() { is_over_ = true; }
  // The node has run.
  void ran(const Machine& machine);

 private:
  // For whom the next act waits.
  struct Awaited {
    raft::Term after;
    bool must_commit;  // something in its own term
    std::uint64_t acts_left;
  };

  void plan_play();
  void play(std::uint64_t acts);
  // The ways in which a leader meets its rivals.
  void part(Machine& leader);
  void answer_late(const Machine& leader);
  void hide_candidate(Machine& leader);
  void hand_over_unheard(Machine& leader);
  void harm(Machine& machine);
  void restart(Machine& machine, milliseconds down_max);
  Duration about_an_election();
  Machine* newest_leader() const;

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  Machines& machines_;
  FaultPlan& plan_;
  RivalClients& clients_;
  Stream random_;
  Stream hushes_;
  bool is_over_ = false;
  std::uint64_t act_ = 0;  // counts, so that what was planned in an earlier one is void
  std::optional<Awaited> awaited_;
};

}  // namespace tenon::sim
