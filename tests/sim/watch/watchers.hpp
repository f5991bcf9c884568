// SPDX-License-Identifier: MIT
// Clients that watch, slow and quick ones, at nodes that crash, lag behind and are sent images. As every
// revision of these runs changes something, a watcher of all keys knows what the next one must be:
//
//   I29  a watch brings the changes of its range in the order of their revisions, each once and none left out, from
//        where it was told that it begins, through any nodes
//   I30  what a watch brings is what was applied: every watcher, and every client, is shown the same of a revision
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

inline constexpr std::uint64_t kWatchQueue = 4;  // of its tokens

class Watchers {
 public:
  Watchers(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines, Trace& trace);

  void start();
  // Nobody is slow any more, or goes elsewhere without need; who is at a node that stays broken leaves it.
  void heal();
  // Throws Violation.
  void answered(Machine& machine, const node::Answer& answer);
  void ended(NodeId node);
  // Whether everyone has seen all changes up to this revision.
  bool have_reached(std::uint64_t revision) const;
  // Throws Violation. `shown` is what clients were shown, by revision.
  void check_final(const std::map<std::uint64_t, std::string>& shown) const;

 private:
  using Place = std::pair<std::uint64_t, std::string>;  // revision and key
  using Shown = std::pair<std::uint64_t, std::string>;  // what happened there, and the value
  struct Watcher {
    std::string key;                // of which it wants the changes; empty: of all keys
    std::uint64_t records_max = 1;  // on loan
    Duration pace{};                // between what it takes and gives back; zero: at once
    std::uint64_t next_revision = 0;
    std::uint64_t request = 0;                                     // that is open; 0: none
    NodeId node;                                                   // that it is open at
    std::vector<std::pair<std::uint64_t, std::uint64_t>> covered;  // [from, to) revisions, of which it saw all
    std::set<Place> seen;
    std::uint64_t is_within = 0;  // the revision of which it was shown something last, in the answer at hand
  };

  void open(std::size_t number);
  void open_later(std::size_t number, Duration wait);
  void take(std::size_t number, const node::Answer& answer);
  void take_record(Watcher& watcher, const kv::Record& record);
  void end(std::size_t number, const node::Answer& answer);
  void give_back_later(Machine& machine, const Watcher& watcher, const node::StreamLoan& loan);

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  std::vector<Watcher> watchers_;
  std::map<std::uint64_t, std::size_t> open_;  // watcher by request
  std::uint64_t last_request_ = 0;
  std::map<Place, Shown> truth_;  // all that anyone was shown
  bool is_healed_ = false;
};

}  // namespace tenon::sim
