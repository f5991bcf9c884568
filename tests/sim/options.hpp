// SPDX-License-Identifier: MIT
// What a run is like, drawn from its seed: which faults there are, how often, and how tight the limits. Most runs have
// only some of the faults, because faults hide each other. Whoever looks for the smallest run that still fails leaves
// kinds of faults out and sets upper bounds; what is drawn for the rest stays as it was.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "event_queue.hpp"
#include "node/node.hpp"

namespace tenon::sim {

struct Bounds {
  std::set<std::string, std::less<>> without;  // kinds of faults, by name
  std::set<std::string, std::less<>> only;     // the same; empty: all
  std::size_t nodes_max = std::numeric_limits<std::size_t>::max();
  std::size_t clients_max = std::numeric_limits<std::size_t>::max();  // of each sort
  Duration faulty_time_max = Duration::max();
};

struct Options {
  explicit Options(std::uint64_t seed, const Bounds& bounds = {});
  std::string text() const;  // one line
  // The kinds of faults that this run may have, and all that there are.
  std::vector<std::string> possible() const;
  static std::vector<std::string> kinds();

  std::uint64_t seed;
  std::size_t nodes;
  Duration faulty_time;  // before everything is healed
  // Network, of each frame
  Duration delay_min;
  Duration delay_mean;  // beyond the least
  std::uint32_t loss_per_million = 0;
  std::uint32_t duplicate_per_million =
      0;                                  // of Raft's messages only: a transport must not repeat, and Raft may not care
  bool reorders = false;                  // the same
  std::uint32_t corrupt_per_million = 0;  // of all frames
  bool links_differ = false;              // each link is slower than that by a factor of its own
  Duration clog_mean{};                   // between two; frames wait meanwhile
  std::uint64_t link_bytes_per_second = 0;  // that a lane carries; 0: any
  bool notices_restarts = true;             // lanes go down when the other side ends
  std::uint64_t lane_bytes_max;             // under way
  // Disk
  Duration sync_mean;
  std::uint32_t stall_per_million = 0;  // of syncs, each of some seconds
  Duration slow_disk_mean{};            // between two; each lasts for seconds
  Duration disk_error_mean{};           // one call fails
  Duration full_disk_mean{};            // each lasts for seconds
  bool keeps_prefixes = false;          // a loss of power may keep a prefix of what was not synced
  bool loses_all = false;               // or nothing
  bool tears_sectors = false;
  Duration damage_mean{};
  Duration wipe_mean{};
  bool loses_founder_early = false;  // one of them, before everyone knows which disk it was
  // Faults that come and go; zero: never
  Duration partition_mean{};  // between two
  Duration swizzle_mean{};
  Duration power_loss_mean{};
  Duration kill_mean{};
  Duration pause_mean{};
  Duration transfer_mean{};
  // Changes of members: how often somebody looks after them; zero: never, and then there are no spares
  Duration member_change_mean{};
  std::size_t spares = 0;                       // nodes that wait to be taken in, beside `nodes`
  bool spares_ask = false;                      // they ask to be taken in by themselves
  bool walks = false;                           // the voters become 3, 5, 4 and 3 again, and then some are replaced
  Duration deposition_mean{};                   // who leads is not heard for about as long as an election takes
  Duration rivals_mean{};                       // between two plays of rivals
  std::uint32_t silence_per_million = 0;        // of candidacies
  std::uint32_t loss_in_write_per_million = 0;  // of starts
  std::uint32_t late_repeat_per_million = 0;    // of Raft's messages
  Duration busy_worker_mean{};  // that a worker takes longer for a step, times what is drawn for its machine
  std::uint32_t worker_stall_per_million = 0;  // of steps, each of some elections
  std::uint32_t hush_per_million = 0;          // of moments in which a write would undo what is being played
  // Clients
  std::size_t clients;
  std::size_t keys;
  std::uint64_t value_bytes_max = 100;
  std::uint64_t large_value_bytes = 0;  // where limits are tiny, instead of value_bytes_max; 0: there are none
  Duration think_mean;
  Duration timeout;
  std::size_t watchers = 0;
  std::size_t session_clients = 0;
  std::size_t lease_clients = 0;
  std::size_t register_clients = 0;
  std::size_t rival_clients = 0;
  std::int64_t drift_per_million = 0;  // of steady clocks, at most
  // Wall clocks that may be wrong, from the first node on, and how often they jump; zero: never
  std::size_t wrong_clocks = 0;
  Duration clock_jump_mean{};
  Duration steady_jump_mean{};  // the same of steady clocks, forward; only where no lease rests on them
  bool images_differ = false;   // every other node takes none by itself
  node::Settings node;          // without what differs between nodes

 private:
  void draw_watches();
  void draw_images();
  void draw_clocks();
  void draw_more_faults();
  void draw_reads();
  void draw_registers();
  void draw_members();
  void draw_rivals();
  void draw_stalls();
  void leave_out(const Bounds& bounds);
};

}  // namespace tenon::sim
