// SPDX-License-Identifier: MIT
// Every request between its submission and its answer. A write waits in the inbox; then with its entry in the log of
// this node, when it leads, or for the answer of the leader to which it was passed on. A read waits in the inbox, then
// for its read index, then for that index to be applied.
//
// Writes leave in the order in which they came. Each has a number, so that a read that must see the writes before it
// waits for the number that was the last when it came.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/submission.hpp"
#include "raft/effects.hpp"

namespace tenon::node {

// Takes the answers to requests.
class AnswerPort {
 public:
  virtual ~AnswerPort() = default;
  virtual void answer(Answer answer) = 0;
};

// Writes, and reads that go through the log, which travel in one entry.
struct Batch {
  struct Waiting {
    std::optional<Token> token;  // nullopt: it was answered before its entry was applied
    raft::Instant deadline;
    Access access = Access::write;
  };
  std::uint64_t first_number = 0;     // of its writes; the numbers ascend, with gaps where a write ended in the inbox
  std::vector<Waiting> waiting;       // one for each command of the entry
  std::vector<std::string> commands;  // until the entry is encoded
  raft::Instant proposed_at;
  std::uint64_t entry_bytes = 0;  // of the entry, once it is encoded
  bool is_waited_for = true;      // by one of its tokens at least
};

// What a client is told whose request finds no room in an inbox of so many bytes.
std::string describe_full_inbox(std::uint64_t bytes_max);

class Requests {
 public:
  Requests(AnswerPort& answers, std::uint64_t inbox_bytes_max) noexcept
      : answers_(answers), inbox_bytes_max_(inbox_bytes_max) {}

  // Takes a request, or answers it `overloaded` when the inbox is full.
  void submit(Submission submission);
  // Ends a request before its time, with `error`. Does nothing when the token is not waiting.
  void cancel(Token token);
  // Ends the reads of a queue that is gone.
  void end_reads(std::uint64_t queue);
  // Ends every request whose deadline has come. `leader` goes into the answers.
  void expire(raft::Instant now, raft::NodeId leader);
  // When expire() has something to do at the earliest; nullopt: nothing waits.
  std::optional<raft::Instant> next_expiry() const noexcept { return next_expiry_; }
  std::uint64_t inbox_bytes() const noexcept { return inbox_bytes_; }

  bool has_writes() const noexcept { return !writes_.empty(); }
  // Takes writes out of the inbox: at least one, no more than `bytes_max` unless one alone is larger, and no more than
  // `count_max`. Needs: has_writes().
  Batch take_batch(std::uint64_t bytes_max, std::size_t count_max);
  // Refuses the writes of the inbox of whose command `refuses` holds.
  void refuse_writes(const std::function<bool(std::string_view command)>& refuses, tenon_error error,
                     std::string_view message, raft::NodeId leader);
  // The batch stands in the log.
  void proposed(raft::LogIndex index, raft::Term term, Batch batch);
  // The sizes of the entries that were proposed in this term and are not applied yet. What an earlier term has left may
  // have been truncated since: it must not hold up the log that its index waits for.
  std::uint64_t unapplied_bytes(raft::Term term) const noexcept {
    return term == unapplied_term_ ? unapplied_bytes_ : 0;
  }
  // The entry of this index and term is applied: the batch that waits for it, if one does; the caller answers whoever
  // waits in it. What waited for another entry in its place surely never is applied, and is refused.
  std::optional<Batch> take_applied(raft::LogIndex index, raft::Term term, raft::NodeId leader);

  // The state up to `index` has come as an image: what waits for an entry up to there has perhaps been applied.
  void installed(raft::LogIndex index, raft::NodeId leader);

  // This node does not lead: refuses what only a leader here could have done, and what a peer has passed on already.
  void refuse_unled(raft::NodeId leader);
  struct Forwardable {
    std::uint64_t number;
    raft::Instant deadline;
    std::string_view command;  // valid until the inbox changes
  };
  // The first writes of the inbox, with the bounds of take_batch(); they stay there.
  std::vector<Forwardable> forwardable(std::uint64_t bytes_max, std::size_t count_max) const;
  // The first `count` writes of the inbox were passed on to `leader`.
  void forwarded(std::size_t count, raft::NodeId leader);
  struct Forwarded {
    Token token;
    raft::Instant deadline;
    raft::NodeId leader;
    Access access;
  };
  // Who waits for the leader's answer to this write; nullopt: nobody does any more.
  std::optional<Forwarded> take_forwarded(std::uint64_t number, raft::NodeId leader);
  // The leader's answers to what was passed on will not come: nobody knows what became of it.
  void lose_forwarded(raft::NodeId leader);

  // The stale reads of the inbox that may show a state of this age (nullopt: of any) can be answered from now on. With
  // a leader the others go on as linearizable ones, and without one they are refused.
  void begin_stale_reads(std::optional<raft::Duration> age, raft::NodeId leader);
  // Whether begin_reads() would take one. `consistency` is lease or linearizable.
  bool has_reads(Consistency consistency) const noexcept;
  // Such reads in the inbox become one group, which asks for one read index under the token returned; but for those
  // that must see a write which is not in the log of this node, for only its answer tells when they do. Needs:
  // has_reads().
  raft::Token begin_reads(Consistency consistency);
  // The group may be answered once `index` is applied. When it rests on a round its reads are linearizable.
  void read_ready(raft::Token group, raft::LogIndex index, raft::ReadProof proof);
  // The group's leader leads no more: its reads go back to the inbox as they came, they have changed nothing.
  void retry_reads(raft::Token group);
  struct Readable {
    Submission submission;
    Consistency served;  // what it rests on
    std::uint64_t after_number;
  };
  // One of the reads that can be answered now that `applied` is applied, the oldest first; nullopt: there is none.
  std::optional<Readable> take_readable(raft::LogIndex applied);
  // What it rested on is over: it goes back to the inbox, and is to be linearizable.
  void retry_read(Readable read);

 private:
  struct WaitingWrite {
    Submission submission;
    std::uint64_t number;
  };
  struct WaitingRead {
    Submission submission;
    std::uint64_t after_number;  // 0: of no write in particular
    Consistency served;          // what it is to rest on: that of the submission, or linearizable
  };
  struct ReadGroup {
    raft::Token token;
    std::optional<raft::LogIndex> index;  // nullopt: not known yet
    std::vector<WaitingRead> reads;
  };
  using Place = std::pair<raft::LogIndex, raft::Term>;
  struct Placed {
    Place place;
    Batch batch;
  };
  // Moves the reads that can be answered now behind readable_.
  void collect_readable(raft::LogIndex applied);
  // Calls visit(reads) for each list of reads that wait.
  template <class Visit>
  void each_list_of_reads(Visit visit);
  // The first of the batches in the log, when its index is at most `index`; it is taken out.
  std::optional<Placed> take_in_log(raft::LogIndex index);
  // Every write up to this number has ended, or stands in the log of this node.
  std::uint64_t writes_logged() const noexcept;
  // Every write up to this number has ended. An entry in which nobody waits may never be applied here: the log may have
  // become another leader's, and end before it.
  std::uint64_t writes_finished() const noexcept;
  void end(Token token, Outcome outcome, tenon_error error, std::string_view message, raft::NodeId leader);
  // Ends every request of which `ends(token, deadline)` holds; `error` and `message` say why.
  template <class Ends>
  void end_where(Ends ends, tenon_error error, std::string_view message, raft::NodeId leader);
  template <class Ends>
  void end_writes_where(Ends ends, tenon_error error, std::string_view message, raft::NodeId leader);
  template <class Ends>
  void end_reads_where(std::vector<WaitingRead>& reads, Ends ends, tenon_error error, std::string_view message,
                       raft::NodeId leader);
  void note_deadline(raft::Instant deadline) noexcept;
  void recompute_expiry() noexcept;

  AnswerPort& answers_;
  const std::uint64_t inbox_bytes_max_;
  std::uint64_t inbox_bytes_ = 0;  // of writes_ and of all reads; <= inbox_bytes_max_, or one request alone
  std::deque<WaitingWrite> writes_;
  std::vector<WaitingRead> reads_;
  std::map<Place, Batch> in_log_;                 // more than one for an index when leadership was lost and won again
  raft::Term unapplied_term_;                     // of the last batch that was proposed
  std::uint64_t unapplied_bytes_ = 0;             // of those in in_log_ with that term; 0 when there are none
  std::map<std::uint64_t, Forwarded> forwarded_;  // by number
  std::deque<ReadGroup> groups_;                  // ascending in token
  std::vector<WaitingRead> readable_;             // of groups whose index is applied; its first have been taken
  std::size_t readable_taken_ = 0;                // <= readable_.size()
  std::uint64_t last_write_number_ = 0;
  std::uint64_t last_group_ = 0;
  std::optional<raft::Instant> next_expiry_;  // not after the earliest deadline of all that wait
};

}  // namespace tenon::node
