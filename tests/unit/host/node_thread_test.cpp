// SPDX-License-Identifier: MIT
#include "host/node_thread.hpp"

#include "running_node.hpp"
#include "support/catch.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;
using Mode = MemoryStorage::Mode;

TEST_CASE("what is put is got, and is there after a restart") {
  MemoryStorage storage(GENERATE(Mode::immediate, Mode::threaded));
  const tenon_operation puts[] = {put("a", "1"), put("b", "2")};
  const tenon_operation get_a = get("a");
  {
    RunningNode running(storage);
    TestQueue queue(running.clients(), 8);
    const Ended written = queue.run(puts);
    CHECK(written.outcome == TENON_OUTCOME_DONE);
    CHECK(written.revision == 1);
    CHECK(queue.run(only(get_a)).values == std::vector<std::string>{"1"});
    queue.destroy();
  }
  for (int restart = 0; restart < 2; ++restart) {
    RunningNode running(storage);
    TestQueue queue(running.clients(), 8);
    const Ended read = queue.run(only(get_a));
    CHECK(read.outcome == TENON_OUTCOME_DONE);
    CHECK(read.revision == 1);
    CHECK(read.values == std::vector<std::string>{"1"});
    queue.destroy();
  }
}

TEST_CASE("a log that is longer than the cache is applied from storage after a restart") {
  MemoryStorage storage(Mode::threaded);
  const std::string value(10'000, 'v');
  const tenon_operation write = put("k", value);
  constexpr std::uint64_t writes = 300;
  {
    RunningNode running(storage);
    TestQueue queue(running.clients(), writes);
    for (std::uint64_t i = 0; i < writes; ++i) queue.submit(only(write));
    queue.wait_for(writes);
    queue.destroy();
  }
  node::Settings settings;
  settings.raft.log_cache_bytes_max = 100'000;
  settings.log_read_bytes_max = 50'000;
  RunningNode running(storage, settings);
  TestQueue queue(running.clients(), 8);
  const tenon_operation read = get("k");
  const Ended found = queue.run(only(read), 60'000);
  CHECK(found.revision == writes);
  CHECK(found.values == std::vector<std::string>{value});
  queue.destroy();
}

TEST_CASE("a read after writes sees every write that its queue submitted before") {
  MemoryStorage storage(Mode::threaded);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  for (int i = 0; i < 200; ++i) {
    const std::string value = std::to_string(i);
    const tenon_operation operations[] = {put("k", value), get("k")};
    queue.submit({&operations[0], 1});
    tenon_request read = request(0, {&operations[1], 1});
    read.flags = TENON_REQUEST_AFTER_WRITES;
    const std::optional<std::uint64_t> id = queue.submit(read);
    REQUIRE(id.has_value());
    queue.wait_for(*id);
    REQUIRE(queue.ended.at(*id).values == std::vector<std::string>{value});
  }
  queue.destroy();
}

TEST_CASE("requests of many submitters are each answered once, and no write is lost or done twice") {
  constexpr int submitters = 4;
  constexpr std::uint64_t each = 1'500;
  MemoryStorage storage(Mode::threaded);
  RunningNode running(storage);
  std::vector<TestQueue> queues;
  queues.reserve(submitters);
  for (int i = 0; i < submitters; ++i) queues.emplace_back(running.clients(), 200);
  std::vector<std::thread> threads;
  threads.reserve(submitters);
  for (int i = 0; i < submitters; ++i) {
    // Assertions of Catch belong to one thread at a time, so the threads count and the test looks afterwards.
    threads.emplace_back([&queue = queues[static_cast<std::size_t>(i)], i] {
      const std::string key = "k" + std::to_string(i);
      const tenon_queue* const table = queue.table();
      for (std::uint64_t id = 1; id <= each;) {
        const tenon_operation operation = id % 3 == 0 ? get(key) : put(key, "v");
        const tenon_request asked = request(id, only(operation));
        if (table->submit(table, &asked, 1) == 1) {
          ++id;
          continue;
        }
        const tenon_completion* polled[64];
        const std::uint64_t count = table->poll(table, polled, 64);
        for (std::uint64_t k = 0; k < count; ++k) {
          const Completion completion(polled[k]);
          ++queue.ended[completion->request].revision;
          queue.ended[completion->request].outcome = completion->outcome;
        }
        if (count == 0) queue.is_readable(10);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (TestQueue& queue : queues) {
    for (const auto& [id, ended] : queue.ended) REQUIRE(ended.revision == 1);
    queue.wait_for(each);
    CHECK(queue.ended.size() == each);
    for (const auto& [id, ended] : queue.ended) REQUIRE(ended.outcome == TENON_OUTCOME_DONE);
  }
  eventually([&] { return running.node().status().revision == submitters * each * 2 / 3; });
  for (TestQueue& queue : queues) queue.destroy();
}

TEST_CASE("a write that never becomes durable ends as unknown, one that was never proposed as refused") {
  MemoryStorage storage(Mode::manual);
  node::Settings settings;
  settings.storage_backlog_bytes_max = 1;  // one entry at a time
  RunningNode running(storage, settings);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  const tenon_operation read = get("k");
  // Hard state and no-op of the first leadership.
  eventually([&] { return storage.last_sequence() >= 1; });
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const std::uint64_t before = storage.last_sequence();
  const std::uint64_t proposed = queue.submit(only(write), 1'000);
  eventually([&] { return storage.last_sequence() == before + 1; });
  const std::uint64_t queued = queue.submit(only(write), 300);
  queue.wait_for(2);
  CHECK(queue.ended.at(proposed).outcome == TENON_OUTCOME_UNKNOWN);
  CHECK(queue.ended.at(proposed).error == TENON_ERROR_TIMEOUT);
  CHECK(queue.ended.at(queued).outcome == TENON_OUTCOME_REFUSED);
  CHECK(queue.ended.at(queued).error == TENON_ERROR_TIMEOUT);
  CHECK(storage.last_sequence() == before + 1);
  // The unknown one was in the log, and takes effect.
  storage.complete_all();
  const std::uint64_t asked = queue.submit(only(read));
  eventually([&] {
    storage.complete_all();
    return running.node().status().revision == 1;
  });
  queue.wait_for(3);
  CHECK(queue.ended.at(asked).outcome == TENON_OUTCOME_DONE);
  queue.destroy();
}

TEST_CASE("nothing is answered as done before it is durable") {
  MemoryStorage storage(Mode::manual);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const std::uint64_t before = storage.last_sequence();
  const tenon_operation write = put("k", "v");
  const tenon_operation read = get("k");
  queue.submit(only(write));
  eventually([&] { return storage.last_sequence() == before + 1; });
  // A read needs no write, so its answer shows that the node has run since; it does not see what is not committed.
  const std::uint64_t read_id = queue.submit(only(read));
  queue.wait_for(1);
  CHECK(queue.ended.at(read_id).values.empty());
  CHECK(queue.ended.size() == 1);
  storage.complete_all();
  queue.wait_for(2);
  CHECK(queue.ended.at(1).outcome == TENON_OUTCOME_DONE);
  queue.destroy();
}

TEST_CASE("a write that waits for storage stays as it was given while those before it become durable") {
  MemoryStorage storage(Mode::manual);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const std::uint64_t before = storage.last_sequence();
  const tenon_operation write = put("k", "v");
  for (std::uint64_t i = 1; i <= 4; ++i) {
    queue.submit(only(write), 60'000);
    eventually([&] { return storage.last_sequence() == before + i; });
  }
  for (std::uint64_t i = 1; i <= 4; ++i) {
    storage.complete(before + i);  // which asserts that the write is unchanged
    queue.wait_for(i);
    CHECK(queue.ended.at(i).outcome == TENON_OUTCOME_DONE);
    CHECK(queue.ended.size() == i);
  }
  queue.destroy();
}

TEST_CASE("cancel ends what waits: refused before it is proposed, unknown after; and nothing that comes later") {
  MemoryStorage storage(Mode::manual);
  node::Settings settings;
  settings.storage_backlog_bytes_max = 1;
  RunningNode running(storage, settings);
  TestQueue queue(running.clients(), 8);
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const std::uint64_t before = storage.last_sequence();
  const tenon_operation write = put("k", "v");
  const std::uint64_t proposed = queue.submit(only(write), 60'000);
  eventually([&] { return storage.last_sequence() == before + 1; });
  const std::uint64_t queued = queue.submit(only(write), 60'000);
  const std::uint64_t later = queued + 1;
  queue.table()->cancel(queue.table(), later);  // before it exists
  queue.table()->cancel(queue.table(), queued);
  queue.table()->cancel(queue.table(), proposed);
  queue.table()->cancel(queue.table(), 99);
  REQUIRE(queue.submit(only(write), 60'000) == later);
  queue.wait_for(2);
  CHECK(queue.ended.at(proposed).outcome == TENON_OUTCOME_UNKNOWN);
  CHECK(queue.ended.at(queued).outcome == TENON_OUTCOME_REFUSED);
  CHECK(queue.ended.at(queued).error == TENON_ERROR_CANCELLED);
  eventually([&] {
    storage.complete_all();
    queue.poll();
    return queue.ended.size() == 3;
  });
  CHECK(queue.ended.at(later).outcome == TENON_OUTCOME_DONE);
  queue.destroy();
}

TEST_CASE("when the inbox is full requests are overloaded, and none of them takes effect") {
  MemoryStorage storage(Mode::manual);
  node::Settings settings;
  settings.storage_backlog_bytes_max = 1;
  settings.inbox_bytes_max = 5'000;
  RunningNode running(storage, settings);
  TestQueue queue(running.clients(), 200);
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const std::string value(500, 'v');
  const tenon_operation write = put("k", value);
  for (int i = 0; i < 100; ++i) queue.submit(only(write), 60'000);
  eventually([&] {
    storage.complete_all();
    queue.poll();
    return queue.ended.size() == 100;
  });
  std::uint64_t done = 0;
  for (const auto& [id, ended] : queue.ended) {
    if (ended.outcome == TENON_OUTCOME_DONE) {
      ++done;
    } else {
      CHECK(ended.outcome == TENON_OUTCOME_OVERLOADED);
    }
  }
  CHECK(done >= 1);
  CHECK(done < 100);
  CHECK(running.node().status().revision == done);
  queue.destroy();
}

// Frames from peers that were dropped for this reason.
double dropped(const Metrics& metrics, const std::string& reason) {
  for (const MetricValue& metric : metrics.values()) {
    if (metric.name == "tenon_frames_dropped_total" && metric.labels == "reason=\"" + reason + "\"")
      return metric.value;
  }
  return -1;
}

TEST_CASE("frames from peers that find no room are dropped and counted, those of each peer by themselves") {
  FakeLogger logger;
  Metrics metrics;
  const PeerDirectory directory(raft::NodeId(1));
  NodeThread node({raft::NodeId(1), "cluster", "1.2.3"}, directory, logger, metrics, [](const std::string&) {});
  const std::string large(TENON_FRAME_BYTES_MAX, 'x');
  const tenon_bytes frames[] = {bytes(large), bytes(large), bytes(large)};
  node.receive(raft::NodeId(2), frames);  // it does not run yet
  CHECK(dropped(metrics, "no_room") == 1);
  node.receive(raft::NodeId(3), {frames, 1});
  CHECK(dropped(metrics, "no_room") == 1);
}

TEST_CASE("a frame that is none is dropped by the node and counted, and leaves room for the next") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  const std::string nonsense(TENON_FRAME_BYTES_MAX, 'x');
  const tenon_bytes frame = bytes(nonsense);
  for (int i = 1; i <= 4; ++i) {
    running.node().receive(raft::NodeId(2), {&frame, 1});
    eventually([&] { return dropped(running.metrics(), "corrupt") == i; });
  }
  CHECK(dropped(running.metrics(), "no_room") == 0);
}

TEST_CASE("each change of role is one line that names the term and the cause") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  eventually([&] { return running.node().status().role == raft::RoleName::leader; });
  std::vector<std::string> lines;
  for (const std::string& line : running.logger().lines()) {
    if (line.starts_with("raft: ")) lines.push_back(line);
  }
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.back() == "raft: leads in term 2: a majority voted for it");
}

}  // namespace
}  // namespace tenon::host
