// SPDX-License-Identifier: MIT
// Consensus as a value: events in, effects out. No thread, clock, lock, file or socket; one owner calls it, and the
// same events give the same effects. After the Raft paper (Ongaro and Ousterhout, extended version) and the thesis
// "Consensus: Bridging Theory and Practice".
//
// This version serves clusters of one voter: elections, commit, reads and durability follow the same rules as with
// many, and messages to peers are what is not in it.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "raft/effects.hpp"
#include "raft/event.hpp"
#include "raft/log.hpp"
#include "raft/random.hpp"

namespace tenon::raft {

struct Settings {
  NodeId self;
  // An election begins when no leader was heard of for a random time within [min, max). Needs: 0 < min < max.
  Duration election_timeout_min = std::chrono::milliseconds(500);
  Duration election_timeout_max = std::chrono::milliseconds(1000);
  std::uint64_t log_cache_bytes_max = 64u << 20;  // entries kept in memory beyond those that are not yet durable
  Payload no_op_data = {};                        // what the first entry of a leadership holds; formatted by core/wire
};

// What recovery found, all of it durable.
struct Recovered {
  HardState hard_state;
  Log log;
  Membership membership;        // the last membership entry of the log
  WriteSequence last_sequence;  // the last that was used since storage was opened; 0: none
};

// The roles, each with what only it knows.
struct Follower {
  NodeId leader;              // of the current term; 0: not heard of
  Instant election_deadline;  // when it becomes a candidate
};

struct Candidate {
  std::vector<NodeId> granted;      // voters whose vote is durable, ascending; counts the own vote too
  WriteSequence own_vote_sequence;  // the write that makes the own vote durable
  Instant election_deadline;
};

struct Leader {
  struct WaitingRead {
    Token token;
  };
  LogIndex term_start;                     // the no-op with which this leadership began; <= last_index
  std::vector<WaitingRead> waiting_reads;  // wait for the first commit of this term, in order of arrival
};

using Role = std::variant<Follower, Candidate, Leader>;

class Raft {
 public:
  // Needs: the members include self; the hard state's term is not below the last entry's.
  Raft(const Settings& settings, Recovered recovered, Random random, Instant now);

  // The only mutator. Appends to `effects`; the caller performs them before the next step. Needs: effects.write is
  // empty.
  void step(const Event& event, Effects& effects);

  // When a Tick is wanted at the latest; nullopt: nothing waits for time.
  std::optional<Instant> next_deadline() const noexcept;

  RoleName role() const noexcept;
  Term term() const noexcept { return hard_state_.term; }
  NodeId leader() const noexcept;
  LogIndex commit_index() const noexcept { return commit_index_; }
  const Log& log() const noexcept { return log_; }
  const Membership& membership() const noexcept { return membership_; }

 private:
  void on(const Tick&, Effects& effects);
  void on(const Propose& propose, Effects& effects);
  void on(const Read& read, Effects& effects);
  void on(const WriteDurable& done, Effects& effects);

  // follower.cpp
  void become_follower(NodeId leader);
  // candidate.cpp
  void become_candidate(Effects& effects);
  void count_vote(NodeId voter, Effects& effects);
  // leader.cpp
  void become_leader(Effects& effects);
  LogIndex append(EntryKind kind, Payload data, Effects& effects);
  void advance_commit(Effects& effects);
  void release_reads(Effects& effects);

  bool is_only_voter() const noexcept;
  Instant draw_election_deadline();
  Write& current_write(Effects& effects);
  void set_hard_state(HardState hard_state, Effects& effects);
  void check_invariants() const noexcept;

  const Settings settings_;
  Random random_;
  Instant now_;
  HardState hard_state_;  // the term never falls; voted_for changes at most once in a term
  Log log_;
  Membership membership_;        // that of the last membership entry in log_
  LogIndex commit_index_;        // never falls; <= log_.durable_index() with one voter
  WriteSequence last_sequence_;  // of the writes handed out
  Role role_;
};

}  // namespace tenon::raft
