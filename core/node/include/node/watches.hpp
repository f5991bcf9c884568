// SPDX-License-Identifier: MIT
// Who watches the keyspace on this node, and the history that they are served from. A watch is a stream of answers:
// changes in the order of their revisions, whole revisions only, until a final answer.
//
// Model. A stream holds nothing but the revision at which it goes on; what it has not been sent stays in the history,
// which is bounded, and a stream whose next revision has left it ends as `compacted`. What it was sent is on loan until
// the client API gives it back, and a stream sends no more while that is as much as it may have on loan. So a slow
// watcher costs what is on loan to it, and time only when it takes something. One run() is bounded too.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "kv/history.hpp"
#include "node/requests.hpp"
#include "node/submission.hpp"
#include "node/work.hpp"

namespace tenon::node {

inline constexpr std::size_t kStreamsMax = 4'096;                // above it a watch is refused as overloaded
inline constexpr std::uint64_t kStreamRecordsMax = 10'000;       // on loan to one stream, whatever it asks for
inline constexpr std::uint64_t kStreamBytesMax = 256u << 10;     // on loan to one stream, beyond its first revision
inline constexpr std::uint64_t kQueueLoanBytesMax = 64u << 20;   // on loan to the streams of one queue, the same
inline constexpr std::chrono::milliseconds kMarkInterval(1000);  // between two marks of progress of a stream

struct WatchStatus {
  std::uint64_t open = 0;
  std::uint64_t changes_sent = 0;  // since the start
  std::uint64_t compacted = 0;     // streams that fell behind the history, since the start
  std::uint64_t history_bytes = 0;
  std::uint64_t oldest_revision = 0;  // that a watch can begin at
  bool operator==(const WatchStatus&) const = default;
};

// The node, as its streams see it in one call.
struct StreamView {
  raft::Instant steady;
  std::uint64_t revision = 0;  // of the state
  std::uint64_t cluster_time_ms = 0;
  raft::NodeId leader;  // as last heard of
};

class Watches {
 public:
  // `revision` is that of the state; what comes after it goes to sink(). Keeps: answers.
  Watches(AnswerPort& answers, std::size_t history_bytes_max, std::uint64_t revision);

  kv::ChangeSink* sink() noexcept { return history_.get(); }
  // The state was replaced by one at `revision`: there is a new sink(), and the old history is returned.
  [[nodiscard]] std::unique_ptr<kv::History> reset(std::uint64_t revision);

  // Begins a stream, from now on unless it names a revision. Needs: submission.watch.
  void open(const Submission& submission, const StreamView& view);
  // Ends the stream as cancelled; false: there is none of this token.
  bool cancel(Token token, raft::NodeId leader);
  // Ends every stream as refused, for that reason: no change will come to this node any more.
  void refuse_all(tenon_error error, const std::string& why);
  // The queue is gone: its streams end without an answer.
  void end_queue(std::uint64_t queue);
  // What was on loan has come back.
  void give_back(const StreamLoan& loan);

  // Sends what can be sent. False: there is more, for the next call at once.
  bool run(const StreamView& view);
  // When a mark of progress is due; nullopt: none is.
  std::optional<raft::Instant> next_deadline() const noexcept { return next_mark_; }

  WatchStatus status() const noexcept;

 private:
  struct Stream {
    Token token;
    WatchRequest watch;
    std::uint64_t next_revision = 0;       // every change before it was sent
    std::uint64_t told_revision = 0;       // that the last answer named; < next_revision
    std::optional<raft::Instant> told_at;  // the time of the last answer; nullopt: there was none
    std::uint64_t records_on_loan = 0;     // a mark counts as one; <= watch.records_max, or one revision alone
    std::uint64_t bytes_on_loan = 0;       // <= kStreamBytesMax, or one revision alone
    bool is_due = false;                   // its number stands in due_
  };
  using Streams = std::map<std::uint64_t, Stream>;

  void make_due(Streams::reference stream);
  void make_all_due();
  void visit(Streams::iterator at, const StreamView& view);
  void send_changes(Streams::reference stream, const kv::HistoryPage& page, const StreamView& view);
  void tell_progress(Streams::reference stream, const StreamView& view);
  // Whether that much may go on loan to the stream; the first that is on loan may be of any size.
  bool may_lend(const Stream& stream, std::uint64_t records, std::uint64_t bytes) const;
  void send(Streams::reference stream, std::vector<kv::Record> records, std::uint64_t bytes, const StreamView& view);
  void end(Streams::iterator at);
  void end_compacted(Streams::iterator at, const StreamView& view);
  void take_back(std::uint64_t queue, std::uint64_t bytes);

  AnswerPort& answers_;
  const std::size_t history_bytes_max_;
  std::unique_ptr<kv::History> history_;
  Streams streams_;                                     // by number; at most kStreamsMax
  std::deque<std::uint64_t> due_;                       // numbers of those that may have something to send, each once
  std::map<std::uint64_t, std::uint64_t> queue_loans_;  // bytes on loan, by queue; above 0
  std::uint64_t seen_revision_;                         // of the history, when all were made due last
  std::optional<raft::Instant> next_mark_;              // not after the earliest mark that is due
  std::uint64_t last_number_ = 0;
  std::uint64_t changes_sent_ = 0;
  std::uint64_t compacted_ = 0;
  std::uint64_t work_ = 0;        // of this run(): changes looked at and streams visited
  std::uint64_t bytes_sent_ = 0;  // the same
};

}  // namespace tenon::node
