// SPDX-License-Identifier: MIT
#include "waiting_watches.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "conversion.hpp"
#include "error_mapping.hpp"

namespace tenon::api_thrift {

void WaitingWatches::add(const tenon_request& request, const std::shared_ptr<Caller>& caller,
                         std::chrono::milliseconds wait, Answer answer) {
  const std::uint64_t number = ++last_number_;
  Waiting waiting;
  waiting.caller = caller;
  waiting.answer = std::move(answer);
  waiting.deadline = std::chrono::steady_clock::now() + wait;
  waiting.is_over = is_draining_ || wait <= std::chrono::milliseconds(0);
  waiting_.emplace(number, std::move(waiting));
  ++caller->waiting_watches;
  const std::uint64_t id =
      submissions_.add(request, [this, number](Completion completion) { take(number, *completion); });
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return submissions_.cancel(id);  // it has ended meanwhile, or its connection has
  at->second.request = id;
}

void WaitingWatches::hurry(const Caller& caller) {
  end_wait_where([&](const Waiting& waiting) { return waiting.caller.get() == &caller; });
}

void WaitingWatches::forget(const Caller& caller) {
  std::vector<std::uint64_t> closed;
  for (const auto& [number, waiting] : waiting_) {
    if (waiting.caller.get() == &caller) closed.push_back(number);
  }
  for (const std::uint64_t number : closed) {
    const Waiting gone = remove(number);
    submissions_.cancel(gone.request);
  }
}

void WaitingWatches::drain() {
  is_draining_ = true;
  end_wait_where([](const Waiting&) { return true; });
}

void WaitingWatches::expire(Time now) {
  end_wait_where([&](const Waiting& waiting) { return !waiting.is_over && waiting.deadline <= now; });
}

std::optional<WaitingWatches::Time> WaitingWatches::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [number, waiting] : waiting_) {
    if (!waiting.is_over && (!next || waiting.deadline < *next)) next = waiting.deadline;
  }
  return next;
}

void WaitingWatches::take(std::uint64_t number, const tenon_completion& completion) {
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return;  // it was answered, and this is what was on its way
  if ((completion.flags & TENON_COMPLETION_MORE) == 0) {
    const Waiting ended = remove(number);
    return ended.answer.fail(apache::thrift::TDelayedException::delayException(error_of(completion, completion.error)));
  }
  thrift_api::WatchReply reply;
  read(completion, reply);
  if (reply.changes.empty()) {
    at->second.last_mark = std::move(reply);
    if (at->second.is_over) end_wait(number);
    return;
  }
  const Waiting answered = remove(number);
  submissions_.cancel(answered.request);
  answered.answer.succeed(reply);
}

WaitingWatches::Waiting WaitingWatches::remove(std::uint64_t number) {
  const auto at = waiting_.find(number);
  Waiting removed = std::move(at->second);
  waiting_.erase(at);
  --removed.caller->waiting_watches;
  return removed;
}

void WaitingWatches::end_wait(std::uint64_t number) {
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return;
  at->second.is_over = true;
  if (!at->second.last_mark) return;
  const Waiting answered = remove(number);
  submissions_.cancel(answered.request);
  answered.answer.succeed(*answered.last_mark);
}

// An answer may close its connection, and with it end others that wait.
template <class Holds>
void WaitingWatches::end_wait_where(Holds holds) {
  std::vector<std::uint64_t> over;
  for (const auto& [number, waiting] : waiting_) {
    if (holds(waiting)) over.push_back(number);
  }
  for (const std::uint64_t number : over) end_wait(number);
}

}  // namespace tenon::api_thrift
