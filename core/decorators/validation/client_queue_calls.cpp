// SPDX-License-Identifier: MIT
#include "client_queue_calls.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tenon::validation {
namespace {

constexpr const char* kSubmit = "tenon_queue.submit";
constexpr const char* kPoll = "tenon_queue.poll";
constexpr const char* kCancel = "tenon_queue.cancel";
constexpr const char* kDestroy = "tenon_queue.destroy";
constexpr int kSpoilt = 0xee;  // what memory holds whose time is over

const tenon_request& next_of(const tenon_request& request) noexcept {
  return *reinterpret_cast<const tenon_request*>(reinterpret_cast<const std::uint8_t*>(&request) + request.struct_size);
}

std::uint32_t kind_of(const tenon_request& request) noexcept {
  return request.operation_count == 0 ? 0 : request.operations[0].kind;
}

bool is_stream(std::uint32_t kind) noexcept { return kind == TENON_WATCH || kind == TENON_SUBSCRIBE; }

}  // namespace

struct ClientQueueCalls::Lent {
  Lent(ClientQueueCalls& queue, const tenon_completion& completion) : calls(queue), loan(completion.loan) {
    std::memcpy(&copy, &completion, std::min<std::uint64_t>(completion.struct_size, sizeof copy));
    copy.struct_size = sizeof copy;
  }
  // Only the loan stays as it is, for a second release would begin by reading it.
  static void release(void* owner) {
    Lent& lent = *static_cast<Lent*>(owner);
    const tenon_loan of_copy = lent.copy.loan;
    std::memset(&lent.copy, kSpoilt, sizeof lent.copy);
    lent.copy.loan = of_copy;
    const tenon_loan of_host = lent.loan;
    lent.calls.keep(std::unique_ptr<Lent>(&lent));
    if (of_host.release != nullptr) of_host.release(of_host.owner);
  }

  ClientQueueCalls& calls;
  const tenon_loan loan;
  tenon_completion copy{};
};

class ClientQueueCalls::Use {
 public:
  explicit Use(ClientQueueCalls& calls) : calls_(calls), call_(calls.subject_) { ++calls_.uses_; }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { --calls_.uses_; }

 private:
  ClientQueueCalls& calls_;
  const PluginCall call_;
};

ClientQueueCalls::ClientQueueCalls(Subject& subject, Loans& loans, const tenon_queue& queue, std::uint64_t depth)
    : subject_(subject), loans_(loans), queue_(queue), depth_(depth), table_(queue) {
  table_.context = this;
  table_.submit = [](const tenon_queue* table, const tenon_request* requests, std::uint64_t count) {
    return of(table).submit(requests, count);
  };
  table_.poll = [](const tenon_queue* table, const tenon_completion** completions, std::uint64_t room) {
    return of(table).poll(completions, room);
  };
  table_.cancel = [](const tenon_queue* table, std::uint64_t request) {
    ClientQueueCalls& calls = of(table);
    const Use use(calls);
    if (calls.expect_there(kCancel)) calls.queue_.cancel(&calls.queue_, request);
  };
  table_.destroy = [](const tenon_queue* table) { of(table).destroy(); };
}

ClientQueueCalls::~ClientQueueCalls() = default;

ClientQueueCalls& ClientQueueCalls::of(const tenon_queue* queue) noexcept {
  ClientQueueCalls& calls = *static_cast<ClientQueueCalls*>(queue->context);
  expect_same(calls.subject_, "tenon_queue", queue, calls.table_);
  return calls;
}

void ClientQueueCalls::keep(std::unique_ptr<Lent> released) {
  std::unique_ptr<Lent> forgotten;
  const std::lock_guard lock(mutex_);
  released_.push_back(std::move(released));
  if (released_.size() <= kKeptMax) return;
  forgotten = std::move(released_.front());
  released_.pop_front();
}

bool ClientQueueCalls::expect_there(const char* function) const {
  if (!expect_alive(subject_, function)) return false;
  if (!is_destroyed_.load()) return true;
  subject_.report(Blame::plugin, Rule::state, function, "a call on a queue that was destroyed",
                  "none after tenon_queue.destroy");
  return false;
}

std::uint64_t ClientQueueCalls::submit(const tenon_request* requests, std::uint64_t count) {
  const Use use(*this);
  if (!expect_there(kSubmit)) return 0;
  const tenon_request* request = requests;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (request->struct_size < sizeof *request) {
      subject_.report(Blame::plugin, Rule::argument, kSubmit,
                      "a request of " + std::to_string(request->struct_size) + " bytes",
                      std::to_string(sizeof *request));
      return 0;
    }
    request = &next_of(*request);
  }
  note(requests, count);
  std::uint64_t taken = queue_.submit(&queue_, requests, count);
  if (taken > count) {
    subject_.report(Blame::host, Rule::credit, kSubmit,
                    std::to_string(taken) + " of " + std::to_string(count) + " taken", "no more than offered");
    taken = count;
  }
  forget(requests, taken, count);
  return taken;
}

void ClientQueueCalls::note(const tenon_request* requests, std::uint64_t count) {
  std::uint64_t twice = 0;
  std::uint64_t doubled = 0;
  {
    const std::lock_guard lock(mutex_);
    const tenon_request* request = requests;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (unfinished_.contains(request->id)) {
        ++twice;
        doubled = request->id;
      }
      unfinished_.emplace(request->id, kind_of(*request));
      request = &next_of(*request);
    }
  }
  if (twice == 0) return;
  subject_.report(Blame::plugin, Rule::argument, kSubmit,
                  "the request " + std::to_string(doubled) + " while one of that id is unfinished", "an id of its own");
}

void ClientQueueCalls::forget(const tenon_request* requests, std::uint64_t taken, std::uint64_t count) {
  std::uint64_t unfinished = 0;
  {
    const std::lock_guard lock(mutex_);
    const tenon_request* request = requests;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i >= taken) {
        const auto found = unfinished_.find(request->id);
        if (found != unfinished_.end()) unfinished_.erase(found);
      }
      request = &next_of(*request);
    }
    // Others may be submitting at the same time, whose requests are noted and not yet taken.
    if (uses_.load() == 1) unfinished = unfinished_.size();
  }
  if (unfinished <= depth_) return;
  subject_.report(Blame::host, Rule::credit, kSubmit, std::to_string(unfinished) + " unfinished requests",
                  "at most " + std::to_string(depth_) + ", the depth of the queue");
}

std::uint64_t ClientQueueCalls::poll(const tenon_completion** completions, std::uint64_t room) {
  const Use use(*this);
  if (!expect_there(kPoll)) return 0;
  const bool overlaps = poll_busy_.exchange(true);
  if (overlaps) {
    subject_.report(Blame::plugin, Rule::overlap, kPoll, "a second poll() at once", "one thread at a time");
  }
  std::uint64_t count = queue_.poll(&queue_, completions, room);
  if (count > room) {
    subject_.report(Blame::host, Rule::completion, kPoll, std::to_string(count) + " completions",
                    "at most " + std::to_string(room));
    count = room;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    judge(*completions[i]);
    completions[i] = pass_on(*completions[i]);
  }
  if (!overlaps) poll_busy_.store(false);
  return count;
}

const tenon_completion* ClientQueueCalls::pass_on(const tenon_completion& completion) {
  auto lent = std::make_unique<Lent>(*this, completion);
  lent->copy.loan = loans_.pass_on({Lent::release, lent.get()});
  return &lent.release()->copy;
}

void ClientQueueCalls::judge(const tenon_completion& completion) {
  const bool is_final = (completion.flags & TENON_COMPLETION_MORE) == 0;
  bool is_known = false;
  std::uint32_t kind = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = unfinished_.find(completion.request);
    is_known = found != unfinished_.end();
    if (is_known) kind = found->second;
    if (is_known && is_final) unfinished_.erase(found);
  }
  const auto wrong = [&](const char* found, const char* expected) {
    subject_.report(Blame::host, Rule::completion, kPoll,
                    found + std::string(" of the request ") + std::to_string(completion.request), expected);
  };
  if (!is_known) return wrong("a completion", "one final completion for each request that was taken");
  if (!is_final && !is_stream(kind)) return wrong("TENON_COMPLETION_MORE", "a final completion: it is no stream");
  if (is_final && is_stream(kind) && completion.outcome == TENON_OUTCOME_DONE) {
    return wrong("DONE as the end", "the reason of the end: a stream is never done");
  }
  if (completion.outcome > TENON_OUTCOME_OVERLOADED) wrong("an unknown outcome", "one of TENON_OUTCOME_*");
}

void ClientQueueCalls::destroy() {
  const PluginCall call(subject_);
  if (!expect_there(kDestroy)) return;
  if (uses_.load() != 0) {
    subject_.report(Blame::plugin, Rule::overlap, kDestroy, "calls on the queue that go on", "none, now or later");
  }
  is_destroyed_.store(true);
  queue_.destroy(&queue_);
  const std::lock_guard lock(mutex_);
  unfinished_.clear();
}

}  // namespace tenon::validation
