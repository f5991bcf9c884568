// SPDX-License-Identifier: MIT
// The promises that only a view of all nodes can check, numbered as in docs/invariants.md, looked at after every round
// of a node and only as far as that round can have touched them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "checks/acknowledgements.hpp"
#include "checks/durable_promises.hpp"
#include "checks/elections.hpp"
#include "checks/history.hpp"
#include "checks/leaders.hpp"
#include "checks/logs.hpp"
#include "checks/memberships.hpp"
#include "checks/repetition.hpp"
#include "machine.hpp"
#include "machine/disks.hpp"
#include "majority.hpp"

namespace tenon::sim {

class Invariants {
 public:
  // Needs: the machines outlive it.
  Invariants(const std::vector<std::unique_ptr<Machine>>& machines, const Options& options, EventQueue& events,
             Trace& trace)
      : machines_(machines),
        options_(options),
        events_(events),
        trace_(trace),
        history_(trace, acknowledgements_),
        logs_(trace),
        believed_(machines, disks_),
        clocks_are_right_(options.nodes - options.wrong_clocks >= majority_of(options.nodes)) {}

  // Each throws Violation.
  void check(const Machine& machine);
  // A node that starts anew may have forgotten what it knew to be committed, and nothing else.
  void restarted(NodeId node) {
    seen_[node] = {};
    logs_.restarted(node);
  }
  void submitted(const node::Submission& submission) { acknowledgements_.submitted(submission); }
  // Retries of this queue are answered as an earlier try was.
  void exempt(std::uint64_t queue) { acknowledgements_.exempt(queue); }
  void answered(const Machine& machine, const node::Answer& answer);
  void check_sent(Machine& machine, NodeId to, std::span<const wire::OutgoingFrame> frames);

  void check_received(const Machine& machine, NodeId from, const std::shared_ptr<const std::string>& frame);

  // It has applied all that is committed.
  void check_final(const Machine& machine) const;

  raft::LogIndex committed() const noexcept { return raft::LogIndex(committed_.size()); }

 private:
  // Where a node leads; term 0: nowhere.
  struct Leading {
    raft::Term term;
    raft::LogIndex start;  // its first entry
  };
  // Of a node, when it was last looked at.
  struct Seen {
    raft::LogIndex commit;  // never falls within a life
    raft::Term term;
    Leading leading;
    raft::Log::MembershipAt membership;
    raft::LogIndex applied;
    std::vector<std::uint64_t> acknowledged;  // commands, since it was last looked at
  };
  void check_terms(const Machine& machine, Seen& seen);
  void check_state(const Machine& machine, Seen& seen, const node::Status& status);
  void check_promises(const Machine& machine);
  void check_acknowledged(Seen& seen);
  void check_membership(const Machine& machine, raft::LogIndex index, const Leading& leading);
  bool is_on_disks(const raft::Membership& membership, const Disks::Entry& entry,
                   const std::optional<Leadership>& leadership) const;
  void check_commit(const Machine& machine, Seen& seen, const Leading& leading, bool has_led_on);
  void decide(const Machine& machine, const Seen& seen, const Leading& leading, const Disks::Entry& entry);
  [[noreturn]] static void violated(const char* kind, const Machine& machine, const std::string& what);

  const std::vector<std::unique_ptr<Machine>>& machines_;
  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Acknowledgements acknowledgements_;
  History history_;
  Logs logs_;
  Terms committed_;
  Disks disks_{committed_};
  Leaders believed_;
  DurablePromises promises_;
  Elections elections_;
  Repetition repetition_;
  std::map<NodeId, std::uint64_t> disks_had_;  // by each node
  bool clocks_are_right_;                      // a majority of the voters, ever since it began
  // Whether DurablePromises has something to say of Raft's messages of a kind, by the byte that names it.
  std::map<char, bool> is_promise_;
  std::map<char, bool> is_vote_reply_;  // the same
  std::map<NodeId, Seen> seen_;
  std::map<raft::Term, NodeId> leaders_;
  std::map<raft::LogIndex, std::uint64_t> states_;                   // by what is applied
  std::vector<std::shared_ptr<const raft::Membership>> decided_by_;  // of each: whose majorities held it then
  Terms committed_in_;  // of each the term in which it was first known to be committed; does not fall
};

}  // namespace tenon::sim
