// SPDX-License-Identifier: MIT
#include <deque>
#include <functional>
#include <list>
#include <thread>

#include "recorder.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.hpp"
#include "validation/client_api_table.hpp"

namespace tenon::validation::test {
namespace {

const Lines kNone;

// A client API plugin that does as a test says, and a host whose one queue does, with validation between.
struct ScriptedApi {
  ScriptedApi() {
    inner.struct_size = sizeof inner;
    inner.start = [](void* self, const tenon_client_host* given, tenon_detail*) -> tenon_error {
      static_cast<ScriptedApi*>(self)->plugin_host = given;
      return TENON_OK;
    };
    inner.drain = [](void*, std::uint64_t) {};
    inner.stop = [](void* self) { static_cast<ScriptedApi*>(self)->on_stop(); };
    outer.struct_size = sizeof outer;
    outer.context = this;
    outer.queue_create = [](const tenon_client_host* of, std::uint64_t, const tenon_queue** made,
                            tenon_detail*) -> tenon_error {
      *made = &static_cast<ScriptedApi*>(of->context)->host_queue;
      return TENON_OK;
    };
    host_queue.struct_size = sizeof host_queue;
    host_queue.context = this;
    host_queue.submit = [](const tenon_queue* of, const tenon_request*, std::uint64_t count) {
      return std::min(count, static_cast<ScriptedApi*>(of->context)->takes);
    };
    host_queue.poll = [](const tenon_queue* of, const tenon_completion** completions, std::uint64_t room) {
      ScriptedApi& api = *static_cast<ScriptedApi*>(of->context);
      api.on_poll();
      std::uint64_t count = 0;
      for (; count < room && !api.waiting.empty(); ++count) {
        completions[count] = api.waiting.front();
        api.waiting.pop_front();
      }
      return count;
    };
    host_queue.cancel = [](const tenon_queue*, std::uint64_t) {};
    host_queue.destroy = [](const tenon_queue* of) { ++static_cast<ScriptedApi*>(of->context)->destroyed; };
    validated.emplace(subject, inner, this);
  }

  void start(std::uint64_t depth = 2) {
    validated->table()->start(validated->self(), &outer, nullptr);
    plugin_host->queue_create(plugin_host, depth, &queue, nullptr);
  }
  void stop() { validated->table()->stop(validated->self()); }
  void end() {
    queue->destroy(queue);
    stop();
  }
  void submit(const std::vector<std::uint64_t>& ids, std::uint32_t kind = TENON_GET) {
    tenon_operation operation{};
    operation.struct_size = sizeof operation;
    operation.kind = kind;
    std::vector<tenon_request> requests;
    for (const std::uint64_t id : ids) {
      tenon_request& request = requests.emplace_back();
      request.struct_size = sizeof request;
      request.id = id;
      request.operations = &operation;
      request.operation_count = 1;
    }
    queue->submit(queue, requests.data(), requests.size());
  }
  // The host answers.
  void answer(std::uint64_t request, std::uint64_t flags = 0, std::uint32_t outcome = TENON_OUTCOME_DONE) {
    tenon_completion& completion = answers.emplace_back();
    completion.struct_size = sizeof completion;
    completion.request = request;
    completion.flags = flags;
    completion.outcome = outcome;
    completion.loan = {[](void* owner) { ++*static_cast<int*>(owner); }, &released};
    waiting.push_back(&completion);
  }
  // The plugin takes one completion.
  const tenon_completion* poll() {
    const tenon_completion* polled = nullptr;
    return queue->poll(queue, &polled, 1) == 1 ? polled : nullptr;
  }
  static void release(const tenon_completion* completion) { completion->loan.release(completion->loan.owner); }

  Recorder recorder;
  Threads threads;
  Subject subject{threads, recorder};
  tenon_client_api inner{};
  tenon_client_host outer{};
  tenon_queue host_queue{};
  std::optional<ClientApiTable> validated;
  const tenon_client_host* plugin_host = nullptr;
  const tenon_queue* queue = nullptr;
  std::uint64_t takes = 100;
  std::list<tenon_completion> answers;
  std::deque<const tenon_completion*> waiting;
  std::function<void()> on_poll = [] {};
  std::function<void()> on_stop = [] {};
  int released = 0;
  int destroyed = 0;
};

TEST_CASE("a client API and a host that keep the contract are not found fault with") {
  ScriptedApi api;
  api.start();
  api.submit({1, 2});
  api.answer(1);
  const tenon_completion* const first = api.poll();
  CHECK(first->request == 1);
  CHECK(first->outcome == TENON_OUTCOME_DONE);
  api.release(first);
  CHECK(api.released == 1);
  api.takes = 0;
  api.submit({3});
  api.takes = 100;
  api.submit({1}, TENON_WATCH);
  api.answer(1, TENON_COMPLETION_MORE);
  api.answer(1, 0, TENON_OUTCOME_REFUSED);
  api.answer(2);
  for (int i = 0; i < 3; ++i) api.release(api.poll());
  CHECK(api.released == 4);
  api.submit({3});
  api.validated->table()->drain(api.validated->self(), 1);
  api.end();
  CHECK(api.recorder.text().empty());
  CHECK(api.destroyed == 1);
}

TEST_CASE("a request that ends twice, or was never there, is found") {
  ScriptedApi api;
  api.start();
  api.submit({1});
  api.answer(1);
  api.answer(1);
  api.answer(7);
  for (int i = 0; i < 3; ++i) api.release(api.poll());
  CHECK(api.recorder.take() == Lines{"host completion tenon_queue.poll", "host completion tenon_queue.poll"});
  api.end();
}

TEST_CASE("a completion with more to come of what is no stream, and a stream that is done, are found") {
  ScriptedApi api;
  api.start();
  api.submit({1});
  api.submit({2}, TENON_WATCH);
  api.answer(1, TENON_COMPLETION_MORE);
  api.answer(2);
  api.answer(1, 0, 77);
  for (int i = 0; i < 3; ++i) api.release(api.poll());
  const std::string line = "host completion tenon_queue.poll";
  CHECK(api.recorder.take() == Lines{line, line, line});
  api.end();
}

TEST_CASE("more unfinished requests than the depth of the queue are found") {
  ScriptedApi api;
  api.start(2);
  api.submit({1, 2});
  CHECK(api.recorder.take() == kNone);
  api.submit({3});
  CHECK(api.recorder.take() == Lines{"host credit tenon_queue.submit"});
  api.end();
}

TEST_CASE("an id that is still in use, and a request of another size, are found") {
  ScriptedApi api;
  api.start(9);
  api.submit({1});
  api.submit({1});
  CHECK(api.recorder.take() == Lines{"plugin argument tenon_queue.submit"});
  tenon_request small{};
  small.struct_size = 8;
  CHECK(api.queue->submit(api.queue, &small, 1) == 0);
  CHECK(api.recorder.take() == Lines{"plugin argument tenon_queue.submit"});
  api.end();
}

TEST_CASE("a completion that is released twice or never is found, and spoilt when it was") {
  ScriptedApi api;
  api.start();
  api.submit({1, 2});
  api.answer(1);
  api.answer(2);
  const tenon_completion* const first = api.poll();
  api.release(first);
  CHECK(first->request == 0xeeee'eeee'eeee'eeee);
  api.release(first);
  CHECK(api.recorder.take() == Lines{"plugin loan tenon_loan.release"});
  CHECK(api.released == 1);
  const tenon_completion* const second = api.poll();
  api.end();
  CHECK(api.recorder.take() == Lines{"plugin loan tenon_client_api.stop"});
  api.release(second);
}

TEST_CASE("a queue that is used after its end, ended twice, or left behind is found") {
  ScriptedApi api;
  api.start();
  api.queue->destroy(api.queue);
  api.queue->destroy(api.queue);
  api.submit({1});
  CHECK(api.poll() == nullptr);
  CHECK(api.recorder.take() ==
        Lines{"plugin state tenon_queue.destroy", "plugin state tenon_queue.submit", "plugin state tenon_queue.poll"});
  CHECK(api.destroyed == 1);
  api.plugin_host->queue_create(api.plugin_host, 1, &api.queue, nullptr);
  api.stop();
  CHECK(api.recorder.take() == Lines{"plugin state tenon_client_api.stop"});
  CHECK(api.plugin_host->queue_create(api.plugin_host, 1, &api.queue, nullptr) == TENON_ERROR_CLOSED);
  CHECK(api.recorder.take() == Lines{"plugin state tenon_client_host.queue_create"});
}

TEST_CASE("two polls at once, and an end while a call goes on, are found") {
  ScriptedApi api;
  api.start();
  bool is_second = false;
  api.on_poll = [&] {
    if (std::exchange(is_second, true)) return;
    std::thread([&] {
      api.poll();
      api.queue->destroy(api.queue);
    }).join();
  };
  api.poll();
  CHECK(api.recorder.take() == Lines{"plugin overlap tenon_queue.poll", "plugin overlap tenon_queue.destroy"});
  api.stop();
}

TEST_CASE("a client API that is started or stopped on another thread or out of turn is found") {
  ScriptedApi api;
  api.stop();
  CHECK(api.recorder.take() == Lines{"host state tenon_client_api.stop"});
  std::thread([&] { api.start(); }).join();
  CHECK(api.recorder.take() == Lines{"host thread tenon_client_api.start"});
  api.end();
  api.stop();
  CHECK(api.recorder.take() == Lines{"host state tenon_client_api.stop"});
}

}  // namespace
}  // namespace tenon::validation::test
