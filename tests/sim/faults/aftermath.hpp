// SPDX-License-Identifier: MIT
// What a run ends with. Some runs whose nodes are all sound voters first live in a partition that lasts, in any shape:
// where a majority hears each other there must be a leader that commits, and of the other shapes it is counted whether
// there is one. Then a quorum that is drawn, the core, is healed, and everything else stays broken for good. Where
// members change it is a quorum of every membership that there may come to be, for what was begun is still ended. Of
// the rest each node is in one of these ways: down; cut off from the core; it hears the core and is not heard, or is
// heard and hears nothing; its disk finishes no sync any more, or is full; it ends and starts again and again. Between
// a node of the rest and one of the core that it cannot reach there is no link in either direction that would make the
// pair one half of a partial partition: which of those leave a healthy majority without a leader, docs/testing.md says.
#pragma once

#include <optional>
#include <utility>

#include "faults/atlas.hpp"
#include "faults/partitions.hpp"

namespace tenon::sim {

class Aftermath {
 public:
  Aftermath(const Options& options, EventQueue& events, Trace& trace, Network& network, Machines& machines,
            const Atlas& atlas)
      : events_(events),
        trace_(trace),
        network_(network),
        machines_(machines),
        atlas_(atlas),
        random_(options.seed, "aftermath") {}

  // Chooses the core, heals it, starts those of it that do not run, and breaks the rest.
  void begin();
  // The partition that lasts, if there is one: its shape and what it leaves. Until heal_links().
  const std::optional<std::pair<Shape, Connection>>& partition() const noexcept { return partition_; }
  void heal_links();

 private:
  void choose_core();
  bool can_spare(std::set<NodeId> core, NodeId node) const;
  bool must_stay_away(const Machine& machine) const;
  void part();
  void break_for_good(Machine& machine);
  void cut_from_core(const Machine& machine, bool hears, bool is_heard);
  void crash_again_and_again(Machine& machine);

  EventQueue& events_;
  Trace& trace_;
  Network& network_;
  Machines& machines_;
  const Atlas& atlas_;
  std::set<Voters> possible_;  // as the atlas says, when it began
  Stream random_;
  std::optional<std::pair<Shape, Connection>> partition_;
};

}  // namespace tenon::sim
