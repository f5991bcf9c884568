// SPDX-License-Identifier: MIT
// Clients, and what they may conclude. Each does one thing at a time, at a node of its choice: it puts a value that no
// other put has, or reads a key. The revisions that the store gives are the order in which writes took effect, so a
// history needs no search to be judged:
//
//   I21  a write that is done has a revision above that of everything known to its key when it was sent
//   I22  a read shows the key as of a revision not below that of everything known when it was sent; one that may be
//        stale of everything known so long before it is answered
//   I23  what a read shows was put there by a client, with that revision, and was not refused
//   I24  a request that is refused has changed nothing; one that is done is never lost
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

class Clients {
 public:
  Clients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines, Trace& trace);

  void start();
  // Nothing new is begun.
  void stop() { is_stopped_ = true; }
  bool is_idle() const noexcept;
  // Writes a last value through a node. Returns its number, for is_done().
  std::uint64_t probe(Machine& machine);
  bool is_done(std::uint64_t request) const { return done_.contains(request); }
  // The greatest number of a write that is done; 0: there is none.
  std::uint64_t last_written() const noexcept { return last_written_; }
  // The value of every revision that anyone was shown.
  const std::map<std::uint64_t, std::string>& shown() const noexcept { return shown_; }
  // Throws Violation.
  void answered(NodeId node, const node::Answer& answer);
  void ended(NodeId node);
  // What is known of a key's last write is what this store shows, or it is newer there.
  void check_final(const kv::Store& store) const;

 private:
  struct Request {
    std::size_t client;
    NodeId node;
    bool is_write;
    std::string key;
    std::string value;                                // of a write
    std::uint64_t known_before;                       // the revision known to the key when it was sent
    node::ReadWay way = node::ReadWay::linearizable;  // of a read
    std::optional<Duration> max_age = std::nullopt;   // of a stale one; nullopt: any
  };
  struct Known {
    Instant since;
    std::uint64_t revision;
  };
  enum class Fate { done, refused, unknown };

  void begin(std::size_t client);
  std::uint64_t send(Machine& machine, Request request);
  void finish(std::uint64_t number, const Request& request, Fate fate);
  void judge_write(const Request& request, const node::Answer& answer);
  void judge_read(const Request& request, const node::Answer& answer);
  void learn(const std::string& key, std::uint64_t revision);
  void choose_way(Request& read);
  // The least revision that a read which is answered now may show.
  std::uint64_t due(const Request& read) const;

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  Stream ways_;
  bool is_stopped_ = false;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_written_ = 0;  // <= last_request_
  std::map<std::uint64_t, Request> waiting_;
  std::set<std::uint64_t> done_;
  std::map<std::string, std::string> put_;            // value -> key, of every put that was sent
  std::set<std::string> refused_;                     // values
  std::map<std::string, std::uint64_t> known_;        // key -> the newest revision that anyone was shown
  std::map<std::string, std::vector<Known>> learnt_;  // the same, and before; ascending in both
  std::map<std::uint64_t, std::string> shown_;        // revision -> value
};

}  // namespace tenon::sim
