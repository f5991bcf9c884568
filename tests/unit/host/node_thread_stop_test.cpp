// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>

#include "running_node.hpp"
#include "support/catch.hpp"
#include "test_queue.hpp"
#include "wire/entry_data.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;
using Mode = MemoryStorage::Mode;

TEST_CASE("a node that is stopped under load leaves nothing behind, and what it had answered is there") {
  MemoryStorage storage(Mode::threaded);
  for (std::uint64_t round = 1; round <= 5; ++round) {
    RunningNode running(storage);
    std::atomic<bool> ending{false};
    std::vector<TestQueue> queues;
    queues.reserve(3);
    for (int i = 0; i < 3; ++i) queues.emplace_back(running.clients(), 100);
    std::vector<std::thread> threads;
    threads.reserve(queues.size());
    for (TestQueue& queue : queues) {
      threads.emplace_back([&] {
        const tenon_queue* const table = queue.table();
        for (std::uint64_t id = 1; !ending; ++id) {
          const std::string key = "k" + std::to_string(id % 7);
          const tenon_operation operation = put(key, key);
          const tenon_request asked = request(id, {&operation, 1});
          table->submit(table, &asked, 1);
          const tenon_completion* polled[16];
          const std::uint64_t count = table->poll(table, polled, 16);
          for (std::uint64_t i = 0; i < count; ++i) {
            const Completion completion(polled[i]);
            // The greatest revision that a client of this queue was told of.
            queue.ended[0].revision = std::max(queue.ended[0].revision, completion->revision);
          }
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::uint64_t seen = running.node().status().revision;
    running.stop();
    ending = true;
    for (std::thread& thread : threads) thread.join();
    std::uint64_t answered = seen;
    for (TestQueue& queue : queues) {
      answered = std::max(answered, queue.ended[0].revision);
      queue.destroy();
    }
    RunningNode again(storage);
    TestQueue queue(again.clients(), 1);
    const tenon_operation read = get("k1");
    CHECK(queue.run({&read, 1}, 60'000).revision >= answered);
    queue.destroy();
  }
}

TEST_CASE("what was acknowledged survives a crash, and what was not may be lost") {
  MemoryStorage storage(Mode::threaded);
  const tenon_operation write = put("k", "kept");
  const tenon_operation lost = put("k", "lost");
  const tenon_operation read = get("k");
  {
    RunningNode running(storage);
    TestQueue queue(running.clients(), 8);
    CHECK(queue.run({&write, 1}).outcome == TENON_OUTCOME_DONE);
    running.tolerate_lost_writes();
    storage.fail();
    CHECK(queue.run({&lost, 1}, 500).outcome == TENON_OUTCOME_UNKNOWN);
    queue.destroy();
  }
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  CHECK(queue.run({&read, 1}).values == std::vector<std::string>{"kept"});
  queue.destroy();
}

TEST_CASE("a halted node answers nothing, neither what waits nor what comes") {
  MemoryStorage storage(Mode::manual);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  const tenon_operation read = get("k");
  queue.submit({&write, 1}, 60'000);
  running.node().halt();
  queue.submit({&write, 1}, 60'000);
  queue.submit({&read, 1}, 60'000);
  for (std::uint64_t id = 1; id <= 3; ++id) queue.table()->cancel(queue.table(), id);
  const auto ended = [&] {
    for (const MetricValue& metric : running.metrics().values()) {
      if (metric.name == "tenon_requests_answered_total") return metric.value >= 3;
    }
    return false;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!ended() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(ended());
  running.stop();
  CHECK_FALSE(queue.is_readable());
  CHECK(queue.poll() == 0);
  queue.destroy();
}

TEST_CASE("a committed entry that cannot be read stops the node, which says so once") {
  MemoryStorage storage(Mode::immediate);
  { RunningNode running(storage); }
  // A command of another version: the entry is whole, so the boot reads it, but the state machine cannot.
  const std::string_view unknown[] = {"\x09"};
  const std::uint64_t next = storage.entries().rbegin()->first + 1;
  const std::uint64_t term = storage.entries().rbegin()->second.term;
  storage.entries()[next] = {term, wire::encode_commands(1, unknown)};
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation read = get("k");
  queue.submit({&read, 1}, 60'000);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (running.failures() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(running.failures() == 1);
  running.stop();
  CHECK(queue.poll() == 0);
  queue.destroy();
}

TEST_CASE("a read of the log that is answered after the node has stopped gives its loan back") {
  MemoryStorage storage(Mode::immediate);
  {
    RunningNode running(storage);
    TestQueue queue(running.clients(), 8);
    const tenon_operation write = put("k", "v");
    queue.run({&write, 1});
    queue.destroy();
  }
  node::Settings settings;
  settings.raft.log_cache_bytes_max = 0;  // so that the node has to read what it applies
  RunningNode running(storage, settings, [&] { storage.hold_reads(); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (storage.held_read_count() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(storage.held_read_count() == 1);
  running.node().stop();
  storage.answer_reads();
}

}  // namespace
}  // namespace tenon::host
