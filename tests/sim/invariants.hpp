// SPDX-License-Identifier: MIT
// The promises that only a view of all nodes can check, numbered as in docs/invariants.md, looked at after every round
// of a node and only as far as that round can have touched them.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "history.hpp"
#include "machine.hpp"

namespace tenon::sim {

class Invariants {
 public:
  // Needs: the machines outlive it.
  Invariants(const std::vector<std::unique_ptr<Machine>>& machines, const Options& options, EventQueue& events,
             Trace& trace)
      : machines_(machines), options_(options), events_(events), trace_(trace), history_(trace) {}

  // Each throws Violation.
  void check(const Machine& machine);
  // A node that starts anew may have forgotten what it knew to be committed, and nothing else.
  void restarted(NodeId node) { seen_[node] = {}; }

  // Every node has applied all that is committed.
  void check_final() const;

  raft::LogIndex committed() const noexcept { return raft::LogIndex(committed_.size()); }

 private:
  struct Seen {
    Terms terms;  // of its log, when it was last looked at; what an image holds is known by what was decided
    std::size_t boundary = 0;  // of its log
    raft::LogIndex commit;     // never falls within a life
    raft::Term term;
    bool leads = false;
    raft::LogIndex applied;
  };
  void check_terms(const Machine& machine, Seen& seen);
  void check_image(const Machine& machine, Seen& seen) const;
  void check_state(const Machine& machine, Seen& seen);
  void check_log(const Machine& machine, Seen& seen);
  void check_commit(const Machine& machine, Seen& seen);
  void check_leader(const Machine& machine) const;
  void decide(raft::LogIndex index, raft::Term term, raft::Term now);
  [[noreturn]] static void violated(const char* kind, const Machine& machine, const std::string& what);

  const std::vector<std::unique_ptr<Machine>>& machines_;
  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  History history_;
  std::map<NodeId, Seen> seen_;
  std::map<raft::Term, NodeId> leaders_;
  // Of each entry that any log ever had: what it is, and the term before it.
  std::map<std::pair<raft::LogIndex, raft::Term>, std::pair<std::uint64_t, raft::Term>> entries_;
  std::map<raft::LogIndex, std::uint64_t> states_;  // by what is applied
  Terms committed_;
  Terms committed_in_;  // of each the term in which it was first known to be committed; does not fall
};

}  // namespace tenon::sim
