// SPDX-License-Identifier: MIT
// Consensus as a value: events in, effects out. No thread, clock, lock, file or socket; one owner calls it, and the
// same events give the same effects. After the Raft paper (Ongaro and Ousterhout, extended version) and the thesis
// "Consensus: Bridging Theory and Practice".
//
// What rests on a write waits inside until that write is durable, so no driver can answer too early. Messages that wait
// for nothing, above all a leader's Appends, leave before the write that was made with them.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "raft/effects.hpp"
#include "raft/event.hpp"
#include "raft/log.hpp"
#include "raft/progress.hpp"
#include "raft/random.hpp"
#include "raft/roles.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::raft {

struct Settings {
  NodeId self;
  Incarnation incarnation = {};  // of its data directory; zero: any that a membership knows
  bool joins = false;            // the directory was empty until a leader filled it
  // An election begins when no leader was heard of for a random time within [min, max). Needs: 0 < 2 * heartbeat <= min
  // < max.
  Duration heartbeat_interval = std::chrono::milliseconds(50);
  Duration election_timeout_min = std::chrono::milliseconds(500);
  Duration election_timeout_max = std::chrono::milliseconds(1000);
  // How long a follower that is sent nothing else is left without a new commit index. While writes follow each other it
  // comes with the next of them, and costs nobody a message.
  Duration commit_notice_delay = std::chrono::milliseconds(2);
  // How long a leader goes on telling a node that it was removed.
  Duration farewell_max = std::chrono::seconds(10);
  std::uint64_t log_cache_bytes_max = 16u << 20;  // entries kept in memory beyond those that are not yet durable
  std::uint64_t append_bytes_max = 256u << 10;    // of entries in one Append, beyond the first
  std::size_t append_entries_max = 1024;          // in one Append; > 0
  std::uint64_t window_bytes_max = 8u << 20;      // of Appends to one peer that were not answered, beyond the first
  std::size_t window_appends_max = 256;           // > 0
  Payload no_op_data = {};                        // what the first entry of a leadership holds; formatted by core/wire
  // How much less of election_timeout_min a leader's clock may count than a voter's in the same time; < that timeout.
  // nullopt: this node gives itself no lease.
  std::optional<Duration> lease_drift = std::nullopt;
};

// What recovery found, all of it durable.
struct Recovered {
  HardState hard_state;
  Log log;
  WriteSequence last_sequence;  // the last that was used since storage was opened; 0: none
};

struct PeerStatus {
  NodeId id;
  ProgressState state;
  LogIndex match_index;
  LogIndex next_index;
  bool has_answered = false;  // since the leadership began
  Instant last_contact = {};  // when it has, or when the leadership began
  bool operator==(const PeerStatus&) const = default;
};

class Raft {
 public:
  // Messages of a kind to one node that wait for a write to be durable.
  static constexpr std::size_t kHeldOfKindMax = 32;
  // The same of all; members alone do not come so far.
  static constexpr std::size_t kHeldMax = kHeldOfKindMax * std::variant_size_v<Message> * kMembersMax;

  // Needs: the hard state's term is not below the last entry's.
  Raft(const Settings& settings, Recovered recovered, Random random, Instant now);

  // The only mutator. Adds to `effects`, which may hold those of earlier steps; the caller performs them in order, and
  // with them all that any step has added, before it makes new ones. Messages to peers wait for the next Tick.
  void step(const Event& event, Effects& effects);

  // When a Tick is wanted at the latest; nullopt: nothing waits for time.
  std::optional<Instant> next_deadline() const noexcept;

  RoleName role() const noexcept;
  Term term() const noexcept { return hard_state_.term; }
  HardState hard_state() const noexcept { return hard_state_; }
  NodeId leader() const noexcept;  // of this term, as far as it is known; 0: not known
  LogIndex commit_index() const noexcept { return commit_index_; }
  const Log& log() const noexcept { return log_; }
  const Membership& membership() const noexcept {
    return mutant("decided-members-count") ? *log_.membership_as_of(commit_index_).membership : log_.membership();
  }
  // Of a leader: when the newest round of heartbeats began that a majority has answered; until then no other led.
  // nullopt: it leads not, or not for long enough.
  std::optional<Instant> confirmed_at() const noexcept;
  // Before this instant no other node is helped to lead, so that reads need not ask: the state that has applied all
  // that is committed is the newest. nullopt: there is no lease.
  std::optional<Instant> lease_end() const noexcept;
  // When the oldest write was handed out that is not durable yet; nullopt: all are.
  std::optional<Instant> unsynced_since() const noexcept {
    return unsynced_.empty() ? std::nullopt : std::optional(unsynced_.front().since);
  }
  // Whether a Propose would be taken.
  bool accepts_proposals() const noexcept;
  // The entry with which its leadership began; 0: it does not lead.
  LogIndex leadership_start() const noexcept;
  // How many EntriesWanted are not answered.
  std::size_t log_reads() const noexcept { return log_reads_.size(); }
  // How many messages wait for a write to be durable.
  std::size_t held() const noexcept { return held_.size(); }
  // Of a leader, the other members, ascending; else empty.
  std::vector<PeerStatus> peers() const;
  // Whether this node was a member and is none any more, as far as it knows or was told. It stays quiet then, unless it
  // becomes a member again.
  bool is_removed() const;
  // Whether this node may count for whoever hears it: one that has joined only once its own log names it by its data
  // directory (I49).
  bool may_count() const;

 private:
  struct Held {
    WriteSequence rests_on;
    NodeId to;
    Message message;
  };
  struct Unsynced {
    WriteSequence sequence;
    Instant since;
  };
  struct LogRead {
    NodeId peer;  // for whom
    Instant since;
  };

  void on(const Tick&, Effects& effects);
  void on(const Received& received, Effects& effects);
  void on(const Disconnected& disconnected, Effects& effects);
  void on(const Propose& propose, Effects& effects);
  void on(const Read& read, Effects& effects);
  void on(const WriteDurable& done, Effects& effects);
  void on(const EntriesRead& read, Effects& effects);
  void on(const ImageReceived& image, Effects& effects);
  void on(const Compact& compact, Effects& effects);
  void on(const Transfer& transfer, Effects& effects);

  // messages.cpp: what comes from peers, and what waits to go to them
  bool settle_term(NodeId from, const Message& message, Effects& effects);
  void answer_old_term(NodeId from, const Message& message, Effects& effects);
  void send_when_durable(NodeId to, Message message, WriteSequence rests_on, Effects& effects);
  void hold(Held held, Effects& effects);
  void release_held(WriteSequence durable, Effects& effects);

  // follower.cpp
  void become_follower(NodeId leader, std::string_view cause, Effects& effects);
  void give_up_reads(NodeId leader, Effects& effects);
  void adopt_term(Term term, NodeId leader, std::string_view cause, Effects& effects);
  Follower* follow(NodeId leader, Effects& effects);
  void receive(NodeId from, const Append& append, Effects& effects);
  void receive(NodeId from, const Heartbeat& heartbeat, Effects& effects);
  void receive(NodeId from, const TimeoutNow& timeout_now, Effects& effects);
  void receive(NodeId from, const ReadIndexReply& reply, Effects& effects);
  void refuse_append(NodeId from, const Append& append, Effects& effects);
  void take_entries(const Append& append, Effects& effects);
  void ask_read_index(Follower& following, Effects& effects);
  void on_election_deadline(Effects& effects);

  // candidate.cpp
  void campaign(Ballot ballot, Cause cause, Effects& effects);
  void receive(NodeId from, const VoteRequest& request, Effects& effects);
  void receive(NodeId from, const VoteReply& reply, Effects& effects);
  void count_vote(NodeId voter, Effects& effects);
  bool is_up_to_date(const VoteRequest& request) const noexcept;
  bool refuses_to_vote(NodeId from, const VoteRequest& request, Effects& effects) const;

  // leader.cpp
  void become_leader(Effects& effects);
  LogIndex append(EntryKind kind, Payload data, std::shared_ptr<const Membership> membership, Effects& effects);
  void advance_commit();
  void check_leadership(Effects& effects);
  void receive(NodeId from, const HeartbeatReply& reply, Effects& effects);
  void receive(NodeId from, const ReadIndexRequest& request, Effects& effects);
  bool wants_round(const Leader& leading) const noexcept;
  void begin_round(Leader& leading, Effects& effects);
  void release_reads(Leader& leading, Effects& effects);

  // lease.cpp
  std::uint64_t confirmed_round(const Leader& leading) const;

  // replication.cpp
  void receive(NodeId from, const AppendAccepted& accepted, Effects& effects);
  void receive(NodeId from, const AppendRejected& rejected, Effects& effects);
  void replicate(Leader& leading, Effects& effects);
  void replicate_to(Progress& progress, Effects& effects);
  void tell_commit(Leader& leading, Effects& effects);
  bool is_heard(const Progress& progress) const noexcept;
  bool lacks_commit(const Progress& progress) const noexcept;
  bool send_append(Progress& progress, Effects& effects);
  void send_heartbeat(Progress& progress, std::uint64_t round, Effects& effects);
  void send_entries(Progress& progress, std::vector<Entry> entries, Effects& effects);
  void hand_over_to(Leader& leading, NodeId target);
  void hand_over(Leader& leading, Effects& effects);
  Progress* find_progress(NodeId peer) noexcept;

  // membership_changes.cpp
  std::optional<Rejected> refuse_change(const Propose& propose) const;
  void follow_membership(Leader& leading);
  void let_go(Leader& leading);
  void retire(Leader& leading, Effects& effects);
  bool may_say(NodeId from, const Message& message) noexcept;
  bool tell_removed(NodeId from, const VoteRequest& request, Effects& effects);
  void receive(NodeId from, const Removed& removed, Effects& effects);
  bool is_told_removed() const;
  bool may_stand() const;
  bool is_this_node(const Incarnation& known) const noexcept;
  bool may_vote() const;
  void tell_removal(Effects& effects);

  // images.cpp
  void empty_log(const ImageReceived& image, Effects& effects);
  void acknowledge_image(NodeId sender, Effects& effects);

  bool is_only_voter() const noexcept;
  bool was_always_alone() const;
  bool hears_leader() const noexcept;
  bool is_disk_stalled() const noexcept;
  Instant draw_election_deadline();
  Write& current_write(Effects& effects);
  void truncate(LogIndex from, Effects& effects);
  void set_hard_state(HardState hard_state, Effects& effects);
  void check_invariants() const noexcept;

  const Settings settings_;
  Random random_;
  Instant now_;
  std::optional<Instant> heard_;       // when a leader was heard of last, whatever has become of its term
  const Instant vote_hold_until_;      // before it nothing is granted: what was promised before a restart is forgotten
  HardState hard_state_;               // the term never falls; voted_for changes at most once in a term
  WriteSequence hard_state_sequence_;  // the write that makes it durable; <= last_sequence_
  Log log_;
  LogIndex commit_index_;           // never falls; boundary <= it <= last index
  Instant commit_moved_;            // the last time when it rose, or was that of the last entry
  WriteSequence last_sequence_;     // of the writes handed out
  WriteSequence durable_sequence_;  // <= last_sequence_
  WriteSequence reset_sequence_;    // of the last write that emptied the log; nothing else may be added to it
  std::deque<Unsynced> unsynced_;   // the writes in (durable_sequence_, last_sequence_]
  std::vector<LogRead> log_reads_;  // that were asked for and not answered, the oldest first; one of a peer at most
  std::optional<Instant> own_read_since_;  // as the last Tick said
  std::vector<Held> held_;                 // each rests on a write above durable_sequence_; at most kHeldMax
  Removed told_removed_{};                 // the latest that this node was told; index 0: nothing
  bool is_removal_told_ = false;           // by an effect; false while it is not removed
  std::uint64_t last_read_id_;             // begins at random, so that no id is used again after a restart
  Role role_;
};

}  // namespace tenon::raft
