// SPDX-License-Identifier: MIT
// A node for the tests of client API plugins: the test answers each request, at once or later, as it likes. It checks
// what the waist asks of a plugin and aborts when that is broken: no submit beyond the depth is taken, every completion
// is released once, the queue is destroyed before the plugin has stopped.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tenon/testing/client_request.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {
namespace testing {

// One plugin's side of a node, with any number of queues, whose request ids must then not collide. All functions from
// any thread.
class FakeClientHost {
 public:
  // Called within submit() for each request that is taken. nullopt leaves it unfinished until complete(), and so does
  // a completion with TENON_COMPLETION_MORE.
  using Answer = std::function<std::optional<ScriptedCompletion>(const ScriptedRequest&)>;

  explicit FakeClientHost(Answer answer) : answer_(std::move(answer)) {
    table_.struct_size = sizeof table_;
    table_.context = this;
    table_.queue_create = queue_create;
  }
  FakeClientHost(const FakeClientHost&) = delete;
  FakeClientHost& operator=(const FakeClientHost&) = delete;
  // Needs: the plugin has stopped.
  ~FakeClientHost() {
    const std::lock_guard lock(mutex_);
    TENON_CHECK(queues_.empty());
    TENON_CHECK(on_loan_ == 0);
  }

  const tenon_client_host* table() const noexcept { return &table_; }

  // Ends a request that is unfinished, or with TENON_COMPLETION_MORE brings something of a stream. Nothing happens when
  // its queue is gone.
  void complete(std::uint64_t request, const ScriptedCompletion& completion) {
    TENON_CHECK(complete_if_open(request, completion));
  }
  // The same; false, and nothing happens, when it has ended.
  bool complete_if_open(std::uint64_t request, const ScriptedCompletion& completion) {
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(request);
    if (found == unfinished_.end()) return false;
    FakeQueue* const queue = found->second;
    if ((completion.flags & TENON_COMPLETION_MORE) == 0) unfinished_.erase(found);
    if (queue != nullptr) queue->complete(request, completion);
    return true;
  }
  // Waits until this many requests have been taken in all, and returns them. Fewer after ten seconds.
  std::vector<ScriptedRequest> wait_for_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    taken_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
    return requests_;
  }
  // How many requests each submit() brought, in order.
  std::vector<std::size_t> submits() const {
    const std::lock_guard lock(mutex_);
    return submits_;
  }
  // The requests that were asked to end, in order. One that is unfinished then ends as REFUSED with CANCELLED.
  std::vector<std::uint64_t> cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  // Completions that were polled and not released.
  std::uint64_t on_loan() const {
    const std::lock_guard lock(mutex_);
    return on_loan_;
  }
  std::size_t queues() const {
    const std::lock_guard lock(mutex_);
    return queues_.size();
  }

 private:
  struct FakeQueue {
    FakeQueue(FakeClientHost& of_host, std::uint64_t with_depth) : host(of_host), depth(with_depth) {
      table.struct_size = sizeof table;
      table.context = this;
      table.event_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      TENON_CHECK(table.event_fd >= 0);
      table.submit = submit;
      table.poll = poll;
      table.cancel = cancel;
      table.destroy = destroy;
    }
    ~FakeQueue() { ::close(static_cast<int>(table.event_fd)); }
    // Needs: the host's mutex.
    void complete(std::uint64_t request, const ScriptedCompletion& completion) {
      waiting.push_back(new LentCompletion(request, completion, &host, released));
      const std::uint64_t one = 1;
      TENON_CHECK(::write(static_cast<int>(table.event_fd), &one, sizeof one) == sizeof one);
    }

    FakeClientHost& host;
    const std::uint64_t depth;
    std::uint64_t open = 0;  // taken, and the final completion not polled
    std::deque<LentCompletion*> waiting;
    tenon_queue table{};
  };

  static FakeQueue& of(const tenon_queue* queue) noexcept { return *static_cast<FakeQueue*>(queue->context); }

  static tenon_error queue_create(const tenon_client_host* table, std::uint64_t depth, const tenon_queue** queue,
                                  tenon_detail* why) {
    FakeClientHost& host = *static_cast<FakeClientHost*>(table->context);
    if (depth == 0) return describe(why, TENON_ERROR_INVALID, "the depth is 0");
    const std::lock_guard lock(host.mutex_);
    auto made = std::make_unique<FakeQueue>(host, depth);
    *queue = &made->table;
    const tenon_queue* const key = &made->table;
    host.queues_.emplace(key, std::move(made));
    return TENON_OK;
  }

  static std::uint64_t submit(const tenon_queue* table, const tenon_request* requests, std::uint64_t count) {
    FakeQueue& queue = of(table);
    FakeClientHost& host = queue.host;
    const std::lock_guard lock(host.mutex_);
    host.submits_.push_back(count);
    std::uint64_t taken = 0;
    for (; taken < count && queue.open < queue.depth; ++taken) {
      const ScriptedRequest copy(requests[taken]);
      ++queue.open;
      host.requests_.push_back(copy);
      const std::optional<ScriptedCompletion> completion = host.answer_(copy);
      if (completion) queue.complete(copy.id, *completion);
      const bool is_final = completion && (completion->flags & TENON_COMPLETION_MORE) == 0;
      if (!is_final) TENON_CHECK(host.unfinished_.emplace(copy.id, &queue).second);
    }
    host.taken_.notify_all();
    return taken;
  }

  static std::uint64_t poll(const tenon_queue* table, const tenon_completion** completions, std::uint64_t room) {
    FakeQueue& queue = of(table);
    const std::lock_guard lock(queue.host.mutex_);
    std::uint64_t count = 0;
    for (; count < room && !queue.waiting.empty(); ++count) {
      completions[count] = &queue.waiting.front()->table;
      queue.waiting.pop_front();
      if ((completions[count]->flags & TENON_COMPLETION_MORE) == 0) --queue.open;
      ++queue.host.on_loan_;
    }
    if (count < room) {
      std::uint64_t quiet = 0;
      const ssize_t ignored = ::read(static_cast<int>(queue.table.event_fd), &quiet, sizeof quiet);
      static_cast<void>(ignored);
    }
    return count;
  }

  static void cancel(const tenon_queue* table, std::uint64_t request) {
    FakeQueue& queue = of(table);
    FakeClientHost& host = queue.host;
    const std::lock_guard lock(host.mutex_);
    host.cancelled_.push_back(request);
    const auto found = host.unfinished_.find(request);
    if (found == host.unfinished_.end() || found->second != &queue) return;
    host.unfinished_.erase(found);
    ScriptedCompletion ended;
    ended.outcome = TENON_OUTCOME_REFUSED;
    ended.error = TENON_ERROR_CANCELLED;
    queue.complete(request, ended);
  }

  static void destroy(const tenon_queue* table) {
    FakeQueue& queue = of(table);
    FakeClientHost& host = queue.host;
    const std::lock_guard lock(host.mutex_);
    for (LentCompletion* lost : queue.waiting) delete lost;
    for (auto& [request, owner] : host.unfinished_) {
      if (owner == &queue) owner = nullptr;
    }
    TENON_CHECK(host.queues_.erase(table) == 1);
  }

  // Of a completion's loan. A second release of the same one is a use of freed memory, which a sanitizer reports.
  static void released(void* owner) {
    auto* const completion = static_cast<LentCompletion*>(owner);
    FakeClientHost& host = *static_cast<FakeClientHost*>(completion->host);
    {
      const std::lock_guard lock(host.mutex_);
      TENON_CHECK(host.on_loan_ > 0);
      --host.on_loan_;
    }
    delete completion;
  }

  const Answer answer_;
  mutable std::mutex mutex_;
  std::condition_variable taken_;
  std::map<const tenon_queue*, std::unique_ptr<FakeQueue>> queues_;
  std::map<std::uint64_t, FakeQueue*> unfinished_;  // null: the queue is gone
  std::vector<ScriptedRequest> requests_;
  std::vector<std::size_t> submits_;
  std::vector<std::uint64_t> cancelled_;
  std::uint64_t on_loan_ = 0;
  tenon_client_host table_{};
};

}  // namespace testing
}  // namespace sdk_1
}  // namespace tenon
