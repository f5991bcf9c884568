// SPDX-License-Identifier: MIT
// The table tenon_client_host for one instance under check: a node that answers as a script says, at once, later, or
// never.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "tenon/testing/client_request.hpp"

namespace tenon::plugin_check {

using testing::ScriptedCompletion;
using testing::ScriptedRequest;

// How a request ends: `after` so long, or, when `after` is nullopt, not before it is cancelled or the node closes.
struct ScriptedAnswer {
  std::optional<std::chrono::milliseconds> after = std::chrono::milliseconds(0);
  ScriptedCompletion completion;
};

class ScriptedHost {
 public:
  using Script = std::function<ScriptedAnswer(const ScriptedRequest&)>;

  // It must outlive every call of the plugin, also one that comes too late: Subject::keep() it.
  explicit ScriptedHost(Script script);
  ScriptedHost(const ScriptedHost&) = delete;
  ScriptedHost& operator=(const ScriptedHost&) = delete;
  ~ScriptedHost();

  const tenon_client_host* table() const noexcept { return &table_; }

  // Answers what was not to be answered, in this way.
  void answer_all(const ScriptedCompletion& completion);

  // These are for any thread.
  std::uint64_t submitted() const;
  std::uint64_t unfinished() const;
  std::uint64_t most_unfinished() const;  // at any time, in one queue
  std::uint64_t on_loan() const;
  std::uint64_t cancelled() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Queue;
  struct Due {
    Clock::time_point at;
    std::uint64_t number;  // of the request, in the order of submission over all queues
    bool operator>(const Due& other) const { return at > other.at || (at == other.at && number > other.number); }
  };
  struct Unfinished {
    Queue* queue;
    std::uint64_t id;
    std::size_t operations;
    ScriptedCompletion completion;
  };

  static Queue& of(const tenon_queue* table) { return *static_cast<Queue*>(table->context); }
  static tenon_error queue_create(const tenon_client_host* table, std::uint64_t depth, const tenon_queue** queue,
                                  tenon_detail* why);
  static std::uint64_t submit(const tenon_queue* table, const tenon_request* requests, std::uint64_t count);
  static std::uint64_t poll(const tenon_queue* table, const tenon_completion** completions, std::uint64_t room);
  static void cancel(const tenon_queue* table, std::uint64_t request);
  static void destroy(const tenon_queue* table);
  static void released(void* owner);

  void run();
  // Needs the mutex, both.
  void take(Queue& queue, const tenon_request& request);
  // A request that is done has a result for each operation, any other has none.
  void finish(std::uint64_t number, ScriptedCompletion completion);

  const Script script_;
  mutable std::mutex mutex_;
  std::condition_variable due_changed_;
  std::map<const tenon_queue*, std::unique_ptr<Queue>> queues_;
  std::map<std::uint64_t, Unfinished> unfinished_;  // by number
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t submitted_ = 0;
  std::uint64_t most_unfinished_ = 0;
  std::uint64_t on_loan_ = 0;
  std::uint64_t cancelled_ = 0;
  bool ends_ = false;
  tenon_client_host table_{};
  std::thread thread_;
};

}  // namespace tenon::plugin_check
