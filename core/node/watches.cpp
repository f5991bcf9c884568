// SPDX-License-Identifier: MIT
#include "node/watches.hpp"

#include <algorithm>
#include <utility>

#include "tenon/check.hpp"
#include "tenon/client_api.h"

namespace tenon::node {
namespace {

// Of one run(), so that the node is never held: changes looked at, where a visit counts as a few, and bytes copied.
constexpr std::uint64_t kWorkMax = 16'384;
constexpr std::uint64_t kVisitWork = 16;
constexpr std::uint64_t kBytesMax = 1u << 20;

kv::Record record(std::uint32_t kind, std::string_view key, const kv::Version& version) {
  return {kind,
          std::string(key),
          std::string(version.value),
          version.created,
          version.modified,
          version.version,
          version.expires_at_ms};
}

struct Size {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

bool shows_previous(const WatchRequest& watch, const kv::Change& change) noexcept {
  return watch.with_previous && change.previous.has_value();
}

Size size(const WatchRequest& watch, const kv::Change& change) noexcept {
  const std::uint64_t one = kv::History::kChangeBytes + change.key.size();
  Size total{1, one + change.now.value.size()};
  if (shows_previous(watch, change)) {
    total.records += 1;
    total.bytes += one + change.previous->value.size();
  }
  return total;
}

}  // namespace

Watches::Watches(AnswerPort& answers, std::size_t history_bytes_max, std::uint64_t revision)
    : answers_(answers),
      history_bytes_max_(history_bytes_max),
      history_(std::make_unique<kv::History>(history_bytes_max, revision)),
      seen_revision_(revision) {}

std::unique_ptr<kv::History> Watches::reset(std::uint64_t revision) {
  make_all_due();
  return std::exchange(history_, std::make_unique<kv::History>(history_bytes_max_, revision));
}

void Watches::open(const Submission& submission, const StreamView& view) {
  TENON_CHECK(submission.watch != nullptr && submission.watch->records_max > 0);
  if (streams_.size() == kStreamsMax) {
    answers_.answer({submission.token,
                     Outcome::overloaded,
                     TENON_ERROR_BUSY,
                     "as many watches are open on this node as it serves, " + std::to_string(kStreamsMax) +
                         "; end some, or watch on another node",
                     view.leader,
                     {}});
    return;
  }
  Stream stream;
  stream.token = submission.token;
  stream.watch = *submission.watch;
  stream.next_revision = stream.watch.revision == 0 ? view.revision + 1 : stream.watch.revision;
  make_due(*streams_.emplace(++last_number_, std::move(stream)).first);
}

bool Watches::cancel(Token token, raft::NodeId leader) {
  const auto at =
      std::find_if(streams_.begin(), streams_.end(), [&](const auto& one) { return one.second.token == token; });
  if (at == streams_.end()) return false;
  answers_.answer({at->second.token, Outcome::refused, TENON_ERROR_CANCELLED, "the watch was cancelled", leader, {}});
  end(at);
  return true;
}

void Watches::refuse_all(tenon_error error, const std::string& why) {
  while (!streams_.empty()) {
    answers_.answer({streams_.begin()->second.token, Outcome::refused, error, why, {}, {}});
    end(streams_.begin());
  }
}

void Watches::end_queue(std::uint64_t queue) {
  for (auto at = streams_.begin(); at != streams_.end();) {
    const auto next = std::next(at);
    if (at->second.token.queue == queue) end(at);
    at = next;
  }
}

void Watches::give_back(const StreamLoan& loan) {
  const auto at = streams_.find(loan.stream);
  if (at == streams_.end()) return;  // it has ended, and nothing counts for it any more
  Stream& stream = at->second;
  TENON_CHECK(loan.records <= stream.records_on_loan && loan.bytes <= stream.bytes_on_loan);
  stream.records_on_loan -= loan.records;
  stream.bytes_on_loan -= loan.bytes;
  take_back(stream.token.queue, loan.bytes);
  make_due(*at);
}

bool Watches::run(const StreamView& view) {
  work_ = 0;
  bytes_sent_ = 0;
  if (seen_revision_ != history_->revision()) {
    seen_revision_ = history_->revision();
    make_all_due();
  }
  if (next_mark_ && view.steady >= *next_mark_) {
    next_mark_.reset();
    make_all_due();
  }
  while (!due_.empty() && work_ < kWorkMax && bytes_sent_ < kBytesMax) {
    const auto at = streams_.find(due_.front());
    due_.pop_front();
    if (at == streams_.end()) continue;
    at->second.is_due = false;
    work_ += kVisitWork;
    visit(at, view);
  }
  return due_.empty();
}

WatchStatus Watches::status() const noexcept {
  return {streams_.size(), changes_sent_, compacted_, history_->bytes(), history_->oldest()};
}

void Watches::make_due(Streams::reference stream) {
  if (!std::exchange(stream.second.is_due, true)) due_.push_back(stream.first);
}

void Watches::make_all_due() {
  for (Streams::reference stream : streams_) make_due(stream);
}

void Watches::visit(Streams::iterator at, const StreamView& view) {
  Stream& stream = at->second;
  // Also one that may be sent nothing: it shall hear early that it is too late.
  if (stream.next_revision < history_->oldest()) return end_compacted(at, view);
  if (stream.next_revision > history_->revision()) return tell_progress(*at, view);
  if (!may_lend(stream, 1, 1)) return;
  const kv::PageLimits limits{kStreamBytesMax - std::min(kStreamBytesMax, stream.bytes_on_loan),
                              stream.watch.records_max - std::min(stream.watch.records_max, stream.records_on_loan)};
  const kv::HistoryPage page = history_->read(stream.next_revision, {stream.watch.first, stream.watch.end}, limits);
  work_ += page.examined;
  send_changes(*at, page, view);
}

// What is due again afterwards is so for having got further; what may not be lent to is due when something comes back.
void Watches::send_changes(Streams::reference stream, const kv::HistoryPage& page, const StreamView& view) {
  Stream& to = stream.second;
  std::vector<kv::Record> records;
  Size sent;
  auto at = page.changes.begin();
  while (at != page.changes.end()) {
    Size with_next = sent;
    auto next = at;
    for (; next != page.changes.end() && next->now.modified == at->now.modified; ++next) {
      const Size one = size(to.watch, *next);
      with_next.records += one.records;
      with_next.bytes += one.bytes;
    }
    const bool is_alone = sent.records == 0 && to.records_on_loan == 0 && may_lend(to, 1, 1);
    if (!is_alone && !may_lend(to, with_next.records, with_next.bytes)) break;
    sent = with_next;
    for (; at != next; ++at) {
      records.push_back(record(at->kind, at->key, at->now));
      if (shows_previous(to.watch, *at)) records.push_back(record(TENON_RECORD_PREVIOUS, at->key, *at->previous));
      ++changes_sent_;
    }
  }
  const std::uint64_t reached = at == page.changes.end() ? page.next_revision : at->now.modified;
  const bool has_moved = reached > to.next_revision;
  to.next_revision = reached;
  if (sent.records > 0) send(stream, std::move(records), sent.bytes, view);
  if (has_moved) make_due(stream);
}

void Watches::tell_progress(Streams::reference stream, const StreamView& view) {
  const Stream& to = stream.second;
  if (to.records_on_loan > 0) return;
  if (to.told_at && to.told_revision + 1 == to.next_revision) return;
  if (to.told_at && view.steady < *to.told_at + kMarkInterval) {
    const raft::Instant due = *to.told_at + kMarkInterval;
    next_mark_ = next_mark_ ? std::min(*next_mark_, due) : due;
    return;
  }
  send(stream, {}, 0, view);
}

bool Watches::may_lend(const Stream& stream, std::uint64_t records, std::uint64_t bytes) const {
  const auto of_queue = queue_loans_.find(stream.token.queue);
  const std::uint64_t queue_bytes = of_queue == queue_loans_.end() ? 0 : of_queue->second;
  return stream.records_on_loan + records <= stream.watch.records_max &&
         stream.bytes_on_loan + bytes <= kStreamBytesMax && queue_bytes < kQueueLoanBytesMax;
}

void Watches::send(Streams::reference stream, std::vector<kv::Record> records, std::uint64_t bytes,
                   const StreamView& view) {
  Stream& to = stream.second;
  const StreamLoan loan{stream.first, std::max<std::uint64_t>(1, records.size()), bytes};
  to.records_on_loan += loan.records;
  to.bytes_on_loan += loan.bytes;
  if (bytes > 0) queue_loans_[to.token.queue] += bytes;
  bytes_sent_ += bytes;
  to.told_revision = to.next_revision - 1;
  to.told_at = view.steady;
  Answer answer{to.token, Outcome::done, TENON_OK, {}, view.leader, {}, loan};
  answer.reply.revision = to.told_revision;
  answer.reply.cluster_time_ms = view.cluster_time_ms;
  answer.reply.bytes = bytes;
  answer.reply.results.emplace_back().records = std::move(records);
  answers_.answer(std::move(answer));
}

void Watches::end(Streams::iterator at) {
  take_back(at->second.token.queue, at->second.bytes_on_loan);
  streams_.erase(at);
}

void Watches::end_compacted(Streams::iterator at, const StreamView& view) {
  ++compacted_;
  Answer answer{at->second.token,
                Outcome::refused,
                TENON_ERROR_COMPACTED,
                "the node keeps the changes that come next no more; read the keys anew, and watch behind the "
                "revision of that read",
                view.leader,
                {}};
  answer.reply.revision = history_->oldest();
  answer.reply.cluster_time_ms = view.cluster_time_ms;
  answers_.answer(std::move(answer));
  end(at);
}

// Those of the same queue may have waited for it.
void Watches::take_back(std::uint64_t queue, std::uint64_t bytes) {
  if (bytes == 0) return;
  const auto found = queue_loans_.find(queue);
  TENON_CHECK(found != queue_loans_.end() && bytes <= found->second);
  const bool was_full = found->second >= kQueueLoanBytesMax;
  found->second -= bytes;
  if (found->second == 0) queue_loans_.erase(found);
  if (was_full) make_all_due();
}

}  // namespace tenon::node
