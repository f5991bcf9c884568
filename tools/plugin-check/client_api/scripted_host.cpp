// SPDX-License-Identifier: MIT
#include "client_api/scripted_host.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

namespace tenon::plugin_check {

struct ScriptedHost::Queue {
  Queue(ScriptedHost& of_host, std::uint64_t with_depth) : host(of_host), depth(with_depth) {
    table.struct_size = sizeof table;
    table.context = this;
    table.event_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    table.submit = submit;
    table.poll = poll;
    table.cancel = cancel;
    table.destroy = destroy;
  }

  ScriptedHost& host;
  const std::uint64_t depth;
  std::map<std::uint64_t, std::uint64_t> unfinished;  // number by id, until the completion is polled
  std::deque<testing::LentCompletion*> waiting;
  tenon_queue table{};
};

namespace {

void ring(const tenon_queue& queue) {
  const std::uint64_t one = 1;
  const ssize_t ignored = ::write(static_cast<int>(queue.event_fd), &one, sizeof one);  // fails when it rings anyway
  static_cast<void>(ignored);
}

}  // namespace

ScriptedHost::ScriptedHost(Script script) : script_(std::move(script)) {
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.queue_create = queue_create;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ScriptedHost::~ScriptedHost() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  due_changed_.notify_all();
  thread_.join();
}

void ScriptedHost::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    if (due_.empty()) {
      due_changed_.wait(lock);
    } else if (due_.top().at > Clock::now()) {
      due_changed_.wait_until(lock, due_.top().at);
    } else {
      const std::uint64_t number = due_.top().number;
      due_.pop();
      const auto found = unfinished_.find(number);
      if (found != unfinished_.end()) finish(number, std::move(found->second.completion));
    }
  }
}

tenon_error ScriptedHost::queue_create(const tenon_client_host* table, std::uint64_t depth, const tenon_queue** queue,
                                       tenon_detail* why) {
  ScriptedHost& host = *static_cast<ScriptedHost*>(table->context);
  if (depth == 0) return describe(why, TENON_ERROR_INVALID, "the depth is 0; expected at least 1");
  const std::lock_guard lock(host.mutex_);
  auto made = std::make_unique<Queue>(host, depth);
  *queue = &made->table;
  host.queues_.emplace(*queue, std::move(made));
  return TENON_OK;
}

std::uint64_t ScriptedHost::submit(const tenon_queue* table, const tenon_request* requests, std::uint64_t count) {
  Queue& queue = of(table);
  ScriptedHost& host = queue.host;
  const std::lock_guard lock(host.mutex_);
  std::uint64_t taken = 0;
  for (; taken < count && queue.unfinished.size() < queue.depth; ++taken) host.take(queue, requests[taken]);
  host.most_unfinished_ = std::max<std::uint64_t>(host.most_unfinished_, queue.unfinished.size());
  host.due_changed_.notify_all();
  return taken;
}

void ScriptedHost::take(Queue& queue, const tenon_request& request) {
  const ScriptedRequest copy(request);
  const std::uint64_t number = ++submitted_;
  queue.unfinished.emplace(copy.id, number);
  ScriptedAnswer answer = script_(copy);
  unfinished_.emplace(number, Unfinished{&queue, copy.id, copy.operations.size(), std::move(answer.completion)});
  if (answer.after) due_.push({Clock::now() + *answer.after, number});
}

void ScriptedHost::finish(std::uint64_t number, ScriptedCompletion completion) {
  const auto found = unfinished_.find(number);
  completion.results.resize(completion.outcome == TENON_OUTCOME_DONE ? found->second.operations : 0);
  Queue& queue = *found->second.queue;
  queue.waiting.push_back(new testing::LentCompletion(found->second.id, completion, this, released));
  unfinished_.erase(found);
  ring(queue.table);
}

void ScriptedHost::answer_all(const ScriptedCompletion& completion) {
  const std::lock_guard lock(mutex_);
  while (!unfinished_.empty()) finish(unfinished_.begin()->first, completion);
}

std::uint64_t ScriptedHost::poll(const tenon_queue* table, const tenon_completion** completions, std::uint64_t room) {
  Queue& queue = of(table);
  ScriptedHost& host = queue.host;
  const std::lock_guard lock(host.mutex_);
  std::uint64_t count = 0;
  for (; count < room && !queue.waiting.empty(); ++count) {
    completions[count] = &queue.waiting.front()->table;
    queue.waiting.pop_front();
    queue.unfinished.erase(completions[count]->request);
    ++host.on_loan_;
  }
  std::uint64_t quiet = 0;
  if (count < room && ::read(static_cast<int>(queue.table.event_fd), &quiet, sizeof quiet) < 0) quiet = 0;
  return count;
}

// A write that has been taken may be in the log.
void ScriptedHost::cancel(const tenon_queue* table, std::uint64_t request) {
  Queue& queue = of(table);
  ScriptedHost& host = queue.host;
  const std::lock_guard lock(host.mutex_);
  ++host.cancelled_;
  const auto found = queue.unfinished.find(request);
  if (found == queue.unfinished.end() || !host.unfinished_.contains(found->second)) return;
  host.finish(found->second, {.outcome = TENON_OUTCOME_UNKNOWN, .error = TENON_ERROR_CANCELLED});
}

void ScriptedHost::destroy(const tenon_queue* table) {
  Queue& queue = of(table);
  ScriptedHost& host = queue.host;
  const std::lock_guard lock(host.mutex_);
  for (const testing::LentCompletion* lost : queue.waiting) delete lost;
  queue.waiting.clear();
  std::erase_if(host.unfinished_, [&](const auto& entry) { return entry.second.queue == &queue; });
  ::close(static_cast<int>(queue.table.event_fd));
  host.queues_.erase(table);
}

void ScriptedHost::released(void* owner) {
  auto* const completion = static_cast<testing::LentCompletion*>(owner);
  ScriptedHost& host = *static_cast<ScriptedHost*>(completion->host);
  const std::lock_guard lock(host.mutex_);
  --host.on_loan_;
  delete completion;
}

std::uint64_t ScriptedHost::submitted() const {
  const std::lock_guard lock(mutex_);
  return submitted_;
}

std::uint64_t ScriptedHost::unfinished() const {
  const std::lock_guard lock(mutex_);
  return unfinished_.size();
}

std::uint64_t ScriptedHost::most_unfinished() const {
  const std::lock_guard lock(mutex_);
  return most_unfinished_;
}

std::uint64_t ScriptedHost::on_loan() const {
  const std::lock_guard lock(mutex_);
  return on_loan_;
}

std::uint64_t ScriptedHost::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

}  // namespace tenon::plugin_check
