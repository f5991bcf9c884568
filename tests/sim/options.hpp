// SPDX-License-Identifier: MIT
// What a run is like, drawn from its seed: which faults there are, how often, and how tight the limits. Most runs have
// only some of the faults, because faults hide each other.
#pragma once

#include <cstdint>
#include <string>

#include "event_queue.hpp"
#include "node/node.hpp"

namespace tenon::sim {

struct Options {
  explicit Options(std::uint64_t seed);
  std::string text() const;  // one line

  std::uint64_t seed;
  std::size_t nodes;
  Duration faulty_time;  // before everything is healed
  // Network, of each frame
  Duration delay_min;
  Duration delay_mean;  // beyond the least
  std::uint32_t loss_per_million = 0;
  std::uint32_t duplicate_per_million =
      0;                         // of Raft's messages only: a transport must not repeat, and Raft may not care
  bool reorders = false;         // the same
  bool notices_restarts = true;  // lanes go down when the other side ends
  std::uint64_t lane_bytes_max;  // under way
  // Disk
  Duration sync_mean;
  std::uint32_t stall_per_million = 0;  // of syncs, each of some seconds
  // Faults that come and go; zero: never
  Duration partition_mean{};  // between two
  Duration power_loss_mean{};
  Duration kill_mean{};
  Duration pause_mean{};
  Duration transfer_mean{};
  // Clients
  std::size_t clients;
  std::size_t keys;
  Duration think_mean;
  Duration timeout;
  std::size_t watchers = 0;
  std::size_t session_clients = 0;
  std::size_t lease_clients = 0;
  // Wall clocks that may be wrong, from the first node on, and how often they jump; zero: never
  std::size_t wrong_clocks = 0;
  Duration clock_jump_mean{};
  node::Settings node;  // without what differs between nodes

 private:
  void draw_watches();
  void draw_images();
  void draw_clocks();
};

}  // namespace tenon::sim
