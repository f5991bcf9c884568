// SPDX-License-Identifier: MIT
#include "host/client_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "host/clock.hpp"
#include "tenon/bytes.hpp"

namespace tenon::host {
namespace {

ClientQueue& of(const tenon_queue* queue) noexcept { return *static_cast<ClientQueue*>(queue->context); }

CompletionPointer refused(node::Token token, node::Outcome outcome, tenon_error error, std::string message) {
  return make_completion({token, outcome, error, {}, raft::NodeId(), {}}, std::move(message));
}

CompletionPointer answered(node::Token token, std::string verb, std::string text) {
  node::Answer answer;
  answer.token = token;
  answer.reply.results.emplace_back().records.push_back(
      {TENON_RECORD_CURRENT, std::move(verb), std::move(text), 0, 0, 1});
  return make_completion(std::move(answer), {});
}

}  // namespace

ClientQueue::ClientQueue(std::uint64_t id, std::uint64_t depth, const RequestLimits& limits, NodePort& node)
    : id_(id), depth_(depth), limits_(limits), node_(node) {
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
  {
    const std::lock_guard lock(mutex_);
    taken = std::min(count, depth_ - unfinished_);
    unfinished_ += taken;
  }
  std::vector<node::Submission> submissions;
  std::vector<CompletionPointer> completions;
  submissions.reserve(taken);
  const auto* at = reinterpret_cast<const std::uint8_t*>(requests);
  const raft::Instant submitted = steady_now();
  for (std::uint64_t i = 0; i < taken; ++i) {
    const auto& request = *reinterpret_cast<const tenon_request*>(at);
    at += request.struct_size;
    const node::Token token{id_, request.id};
    auto checked = check_request(request, limits_);
    if (auto* accepted = std::get_if<CheckedRequest>(&checked)) {
      submissions.push_back(
          {token, accepted->access, accepted->ordering, std::move(accepted->command), submitted + accepted->timeout});
    } else if (auto* refusal = std::get_if<RequestRefusal>(&checked)) {
      completions.push_back(refused(token, node::Outcome::refused, refusal->error, std::move(refusal->message)));
    } else {
      auto& admin = std::get<AdminRequest>(checked);
      std::optional<std::string> text = node_.admin(admin.verb, admin.argument);
      completions.push_back(text ? answered(token, std::move(admin.verb), *std::move(text))
                                 : refused(token, node::Outcome::refused, TENON_ERROR_UNSUPPORTED,
                                           "the admin verb '" + admin.verb + "' is not in this version"));
    }
  }
  for (const node::Token token : node_.submit(submissions)) {
    completions.push_back(
        refused(token, node::Outcome::overloaded, TENON_ERROR_BUSY, "the node's inbox is full; try later"));
  }
  complete(completions);
  return taken;
}

std::uint64_t ClientQueue::poll(const tenon_completion** completions, std::uint64_t room) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t count = std::min<std::uint64_t>(room, completed_.size());
  const auto end = completed_.begin() + static_cast<std::ptrdiff_t>(count);
  std::transform(completed_.begin(), end, completions, [](CompletionPointer& owned) { return owned.release(); });
  completed_.erase(completed_.begin(), end);
  TENON_CHECK(count <= unfinished_);
  unfinished_ -= count;
  if (count > 0 && completed_.empty()) signal_.lower();
  return count;
}

void ClientQueue::cancel(std::uint64_t request) { node_.cancel({id_, request}); }

void ClientQueue::complete(std::vector<CompletionPointer>& completions) {
  if (completions.empty()) return;
  const std::lock_guard lock(mutex_);
  const bool was_empty = completed_.empty();
  completed_.insert(completed_.end(), std::make_move_iterator(completions.begin()),
                    std::make_move_iterator(completions.end()));
  completions.clear();
  TENON_CHECK(completed_.size() <= unfinished_);
  // Raised under the lock: a poll() on another thread must not lower it before it is raised.
  if (was_empty) signal_.raise();
}

}  // namespace tenon::host
