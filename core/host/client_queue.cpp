// SPDX-License-Identifier: MIT
#include "host/client_queue.hpp"

#include <algorithm>
#include <utility>

#include "host/clock.hpp"
#include "node/requests.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {
namespace {

// Completions that a queue keeps room for; what a burst needed beyond goes back.
constexpr std::size_t kWaitingKept = 4096;

ClientQueue& of(const tenon_queue* queue) noexcept { return *static_cast<ClientQueue*>(queue->context); }

// Each is as long as its maker says.
template <class Visit>
void for_each_request(const tenon_request* first, std::uint64_t count, Visit visit) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(first);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto& request = *reinterpret_cast<const tenon_request*>(at);
    at += request.struct_size;
    visit(request);
  }
}

bool is_final(const tenon_completion& completion) noexcept { return (completion.flags & TENON_COMPLETION_MORE) == 0; }

CompletionPointer refused(node::Token token, node::Outcome outcome, tenon_error error, std::string message) {
  return make_completion({token, outcome, error, {}, raft::NodeId(), {}}, std::move(message));
}

}  // namespace

ClientQueue::ClientQueue(std::uint64_t id, std::uint64_t depth, const std::string& client_api,
                         const RequestLimits& limits, NodePort& node, const PeerDirectory& directory,
                         const RequestMetrics& metrics, SlowOperations& slow_operations)
    : id_(id),
      depth_(depth),
      client_api_(client_api),
      limits_(limits),
      node_(node),
      directory_(directory),
      metrics_(metrics),
      slow_operations_(slow_operations),
      traces_(depth) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.event_fd = signal_.descriptor();
  table_.submit = [](const tenon_queue* queue, const tenon_request* requests, std::uint64_t count) {
    return of(queue).submit(requests, count);
  };
  table_.poll = [](const tenon_queue* queue, const tenon_completion** completions, std::uint64_t room) {
    return of(queue).poll(completions, room);
  };
  table_.cancel = [](const tenon_queue* queue, std::uint64_t request) { of(queue).cancel(request); };
}

std::uint64_t ClientQueue::submit(const tenon_request* requests, std::uint64_t count) {
  std::uint64_t taken = 0;
  bool is_overloaded = false;
  {
    const std::lock_guard lock(mutex_);
    taken = std::min(count, depth_ - unfinished_);
    unfinished_ += taken;
    is_overloaded = unpolled_bytes_ > kUnpolledBytesMax;
    for_each_request(requests, taken, [this](const tenon_request& request) { traces_.remember(request); });
  }
  std::vector<node::Submission> submissions;
  std::vector<CompletionPointer> completions;
  submissions.reserve(taken);
  const raft::Instant now = steady_now();
  for_each_request(requests, taken, [&](const tenon_request& request) {
    const node::Token token{id_, request.id, RequestMetrics::mark(request, now)};
    if (is_overloaded) {
      completions.push_back(refused(token, node::Outcome::overloaded, TENON_ERROR_BUSY,
                                    "more than 64 MiB of answers wait to be taken by the client API; try later"));
    } else {
      take(token, request, now, submissions, completions);
    }
  });
  for (const node::Token token : node_.submit(submissions)) {
    completions.push_back(refused(token, node::Outcome::overloaded, TENON_ERROR_BUSY,
                                  node::describe_full_inbox(limits_.inbox_bytes_max)));
  }
  complete(completions);
  return taken;
}

void ClientQueue::take(node::Token token, const tenon_request& request, raft::Instant now,
                       std::vector<node::Submission>& submissions, std::vector<CompletionPointer>& completions) {
  auto checked = check_request(request, limits_);
  if (auto* accepted = std::get_if<CheckedRequest>(&checked)) {
    submissions.push_back({token, accepted->access, accepted->ordering, accepted->forwarding,
                           std::move(accepted->command), now + accepted->timeout, std::move(accepted->watch),
                           accepted->consistency, accepted->max_age, std::move(accepted->subscription),
                           std::move(accepted->publication)});
  } else if (auto* refusal = std::get_if<RequestRefusal>(&checked)) {
    completions.push_back(refused(token, node::Outcome::refused, refusal->error, std::move(refusal->message)));
  } else {
    CompletionPointer completion = perform(token, std::get<AdminRequest>(std::move(checked)));
    if (completion) completions.push_back(std::move(completion));
  }
}

CompletionPointer ClientQueue::perform(node::Token token, AdminRequest admin) {
  std::optional<AdminAnswer> answer = node_.admin(token, admin.verb, admin.argument);
  if (!answer) return nullptr;
  if (answer->error == TENON_OK) return make_admin_completion(token, std::move(admin.verb), std::move(answer->text));
  return make_completion({token, node::Outcome::refused, answer->error, {}, answer->leader, {}},
                         std::move(answer->text), leader_address(answer->leader));
}

std::uint64_t ClientQueue::poll(const tenon_completion** completions, std::uint64_t room) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t count = std::min<std::uint64_t>(room, completed_.size() - polled_);
  for (std::uint64_t i = 0; i < count; ++i) {
    Waiting& waiting = completed_[polled_++];
    if (is_final(*waiting.completion)) {
      --final_count_;
      --unfinished_;
    }
    completions[i] = waiting.completion.release();
    unpolled_bytes_ -= waiting.bytes;
  }
  if (count > 0) forget_polled();
  return count;
}

// The places of those that were polled go when they are half of all, so that each is moved once on the average.
void ClientQueue::forget_polled() {
  if (polled_ == completed_.size()) signal_.lower();
  if (polled_ < completed_.size() - polled_) return;
  completed_.erase(completed_.begin(), completed_.begin() + static_cast<std::ptrdiff_t>(polled_));
  polled_ = 0;
  if (completed_.empty() && completed_.capacity() > kWaitingKept) std::vector<Waiting>().swap(completed_);
}

void ClientQueue::cancel(std::uint64_t request) { node_.cancel({id_, request}); }

void ClientQueue::complete(std::vector<CompletionPointer>& completions) {
  if (completions.empty()) return;
  std::vector<std::uint64_t> sizes;
  sizes.reserve(completions.size());
  std::vector<SlowOperation> slow;
  {
    RequestMetrics::Ending ending(metrics_, steady_now());
    for (const CompletionPointer& completion : completions) {
      sizes.push_back(held_bytes(*completion));
      if (!is_final(*completion)) continue;
      const EndedRequest ended = ending.add(mark_of(*completion), completion->outcome, completion->error);
      if (!slow_operations_.is_slow(ended.took)) continue;
      slow.push_back(
          {wall_now_ms(), client_api_, ended.operation, ended.code, ended.took, {completion->request, 0, {}, {}}});
    }
  }
  std::unique_lock lock(mutex_);
  // One that is not remembered is a stream, or gave its slot to another.
  std::erase_if(slow, [this](SlowOperation& one) {
    std::optional<RequestTrace> found = traces_.find(one.trace.request);
    if (found) one.trace = *std::move(found);
    return !found;
  });
  const bool was_empty = polled_ == completed_.size();
  for (std::size_t i = 0; i < completions.size(); ++i) {
    unpolled_bytes_ += sizes[i];
    if (is_final(*completions[i])) ++final_count_;
    completed_.push_back({std::move(completions[i]), sizes[i]});
  }
  completions.clear();
  TENON_CHECK(final_count_ <= unfinished_);
  // Raised under the lock: a poll() on another thread must not lower it before it is raised.
  if (was_empty) signal_.raise();
  lock.unlock();
  for (SlowOperation& one : slow) slow_operations_.add(std::move(one));
}

}  // namespace tenon::host
