// SPDX-License-Identifier: MIT
#include "machine.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a put is answered when it is durable, and not before") {
  Machine machine;
  machine.settle();
  const std::uint64_t request = machine.put("key", "value");
  machine.run();
  machine.run();
  CHECK_FALSE(machine.answered(request));
  REQUIRE(machine.storage.queued.size() == 1);
  machine.sync_one();
  machine.run();
  REQUIRE(machine.answered(request));
  CHECK(machine.recorder.answers[request].outcome == Outcome::done);
  CHECK(machine.recorder.answers[request].reply.revision == 1);
}

TEST_CASE("an answered put is there after a crash, an unsynced one is not") {
  Machine machine;
  machine.settle();
  const std::uint64_t kept = machine.put("kept", "1");
  machine.settle();
  REQUIRE(machine.answered(kept));
  const std::uint64_t lost = machine.put("lost", "2");
  machine.run();
  CHECK_FALSE(machine.answered(lost));
  machine.restart();
  machine.settle();
  const std::uint64_t read_kept = machine.get("kept");
  const std::uint64_t read_lost = machine.get("lost");
  machine.settle();
  CHECK(machine.found(read_kept) == "1");
  CHECK_FALSE(machine.found(read_lost).has_value());
}

TEST_CASE("while room for the log runs short what would grow is refused, and what frees room goes on") {
  Machine machine;
  machine.settle();
  const std::uint64_t before = machine.put("key", "value");
  machine.settle();
  REQUIRE(machine.answered(before));
  machine.node->on_space(true);
  CHECK(machine.node->status().space_is_short);
  const std::uint64_t refused = machine.put("more", "value");
  const std::uint64_t read = machine.get("key");
  machine.settle();
  CHECK(machine.recorder.answers.at(refused).outcome == Outcome::refused);
  CHECK(machine.recorder.answers.at(refused).error == TENON_ERROR_NO_SPACE);
  CHECK(machine.found(read) == "value");
  const std::uint64_t erase = machine.submit(Access::write, encoded({TENON_DELETE, 0, "key", {}, {}, {}, 0, 0}));
  machine.settle();
  CHECK(machine.recorder.answers.at(erase).outcome == Outcome::done);
  machine.node->on_space(false);
  const std::uint64_t after = machine.put("more", "value");
  machine.settle();
  CHECK(machine.recorder.answers.at(after).outcome == Outcome::done);
}

TEST_CASE("the term rises with each start, so that no two leaderships share one") {
  Machine machine;
  machine.settle();
  const Term first = machine.node->status().term;
  machine.restart();
  machine.settle();
  CHECK(machine.node->status().term == first.next());
  CHECK(machine.node->status().role == RoleName::leader);
}

TEST_CASE("what waits together travels in one entry, each command with its own revision") {
  Machine machine;
  machine.settle();
  const LogIndex before = machine.node->status().last_index;
  std::vector<std::uint64_t> requests;
  requests.reserve(10);
  for (int i = 0; i < 10; ++i) requests.push_back(machine.put("key", std::to_string(i)));
  machine.settle();
  CHECK(machine.node->status().last_index == before.next());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(machine.recorder.answers.at(requests[i]).reply.revision == i + 1);
  }
}

TEST_CASE("a read after a restart waits until the log is applied") {
  Machine machine;
  machine.settle();
  machine.put("key", "value");
  machine.settle();
  machine.cache_bytes_max = 0;  // everything comes back from storage
  machine.restart();
  const std::uint64_t read = machine.get("key");
  machine.run();
  machine.sync_one();  // the vote
  machine.run();
  machine.sync_one();  // the no-op
  machine.run();
  REQUIRE_FALSE(machine.storage.reads.empty());
  CHECK_FALSE(machine.answered(read));
  machine.settle();
  CHECK(machine.found(read) == "value");
}

TEST_CASE("a leader proposes nothing until its own first entry is applied") {
  Machine machine;
  machine.settle();
  machine.put("key", "old");
  machine.settle();
  machine.cache_bytes_max = 0;
  machine.restart();
  machine.run();
  machine.sync_one();  // the vote
  machine.run();
  machine.sync_one();  // the no-op
  const std::uint64_t request = machine.put("key", "new");
  machine.run();
  REQUIRE(machine.node->status().role == RoleName::leader);
  REQUIRE_FALSE(machine.storage.reads.empty());
  CHECK(machine.storage.queued.empty());
  machine.settle();
  CHECK(machine.recorder.answers.at(request).outcome == Outcome::done);
}

TEST_CASE("a long log is applied from storage, page by page, to the same state") {
  Machine machine;
  machine.settle();
  for (int i = 0; i < 300; ++i) {
    machine.put("key-" + std::to_string(i % 50), std::to_string(i));
    machine.settle();
  }
  const Status before = machine.node->status();
  machine.cache_bytes_max = 500;
  machine.restart();
  machine.settle();
  const Status after = machine.node->status();
  CHECK(after.revision == before.revision);
  CHECK(after.key_count == 50);
  const std::uint64_t read = machine.get("key-49");
  machine.settle();
  CHECK(machine.found(read) == "299");
}

TEST_CASE("writes wait while too much is on its way to storage, and go on when it is durable") {
  Machine machine;
  machine.settings.storage_backlog_bytes_max = 1000;
  machine.settings.entry_bytes_max = 100;
  machine.restart();
  machine.settle();
  for (int i = 0; i < 20; ++i) machine.put("key", std::string(200, 'v'));
  machine.run();
  CHECK(machine.storage.queued.size() < 10);
  CHECK(machine.node->status().inbox_bytes > 0);
  machine.settle();
  CHECK(machine.node->status().inbox_bytes == 0);
  CHECK(machine.node->status().revision == 20);
}

TEST_CASE("writes wait in the inbox while too much of the log is not applied, and what ends there is not applied") {
  Machine machine;
  SECTION("by entries") { machine.settings.unapplied_entries_max = 3; }
  SECTION("by bytes") { machine.settings.unapplied_bytes_max = 700; }
  machine.settings.entry_bytes_max = 100;
  machine.restart();
  machine.settle();
  const Status before = machine.node->status();
  std::vector<std::uint64_t> writes;
  for (int i = 0; i < 20; ++i) writes.push_back(machine.put("key", std::string(200, 'v')));
  machine.run();
  CHECK(machine.node->status().last_index.value() == before.last_index.value() + 3);
  CHECK(machine.node->status().inbox_bytes > 0);
  machine.node->cancel({1, writes.back()});
  CHECK(machine.recorder.answers.at(writes.back()).outcome == Outcome::refused);
  machine.settle();
  CHECK(machine.node->status().inbox_bytes == 0);
  CHECK(machine.node->status().revision == before.revision + 19);
}

TEST_CASE("a read after writes sees them though they came with it") {
  Machine machine;
  machine.settle();
  machine.put("key", "value");
  const std::uint64_t after = machine.get("key", Ordering::after_writes);
  machine.run();
  CHECK_FALSE(machine.answered(after));
  machine.settle();
  CHECK(machine.found(after) == "value");
}

TEST_CASE("a write that storage holds up ends as unknown when its time is over, and is applied all the same") {
  Machine machine;
  machine.settle();
  const std::uint64_t request = machine.put("key", "value");
  machine.run();
  machine.now.steady += machine.timeout;
  REQUIRE(machine.node->next_deadline() <= machine.now.steady);
  machine.run();
  REQUIRE(machine.answered(request));
  CHECK(machine.recorder.answers[request].outcome == Outcome::unknown);
  machine.settle();
  const std::uint64_t read = machine.get("key");
  machine.settle();
  CHECK(machine.found(read) == "value");
}

TEST_CASE("a write whose time is over when its turn comes is refused, and never reaches the log") {
  Machine machine;
  machine.settle();
  const LogIndex before = machine.node->status().last_index;
  const std::uint64_t request = machine.put("key", "value");
  machine.now.steady += machine.timeout;
  machine.settle();
  CHECK(machine.recorder.answers.at(request).outcome == Outcome::refused);
  CHECK(machine.node->status().last_index == before);
}

TEST_CASE("one run answers a bounded amount of reads, and the next goes on") {
  Machine machine;
  machine.settings.answer_bytes_max = 1000;
  machine.restart();
  machine.settle();
  machine.put("key", std::string(500, 'v'));
  machine.settle();
  for (int i = 0; i < 100; ++i) machine.get("key");
  const std::size_t before = machine.recorder.answers.size();
  machine.run();
  const std::size_t answered = machine.recorder.answers.size() - before;
  CHECK(answered > 0);
  CHECK(answered < 50);
  REQUIRE(machine.node->next_deadline() == machine.now.steady);
  machine.settle();
  CHECK(machine.recorder.answers.size() == before + 100);
  CHECK(machine.node->status().inbox_bytes == 0);
}

TEST_CASE("a write that waits for a leader ends as refused when its time is over, and is never applied") {
  Machine machine;
  const std::uint64_t request = machine.put("key", "value");
  machine.run();
  machine.now.steady += machine.timeout;
  machine.run();
  REQUIRE(machine.answered(request));
  CHECK(machine.recorder.answers[request].outcome == Outcome::refused);
  machine.settle();
  CHECK(machine.node->status().revision == 0);
}

TEST_CASE("cluster time follows the steady clock and never runs back, whatever the wall clock does") {
  Machine machine;
  machine.settle();
  const auto stamp = [&] {
    const std::uint64_t request = machine.put("key", "value");
    machine.settle();
    return machine.recorder.answers.at(request).reply.cluster_time_ms;
  };
  CHECK(stamp() == 1'000'000);
  machine.now.steady += std::chrono::milliseconds(250);
  machine.now.wall_ms = 5;  // set back
  CHECK(stamp() == 1'000'250);
  machine.now.wall_ms = 99'000'000;  // and far ahead
  CHECK(stamp() == 1'000'250);
  machine.now.wall_ms = 7;
  machine.restart();
  machine.settle();
  CHECK(stamp() == 1'000'250);
  machine.now.wall_ms = 2'000'000;
  machine.restart();
  machine.settle();
  CHECK(stamp() == 2'000'000);
}

TEST_CASE("an entry that storage reads back changed stops the node, and nothing is answered any more") {
  Machine machine;
  machine.settle();
  machine.put("key", "value");
  machine.settle();
  machine.cache_bytes_max = 0;
  machine.restart();
  const std::uint64_t read = machine.get("key");
  machine.storage.log.rbegin()->second.data.back() ^= 1;
  machine.settle();
  REQUIRE(machine.recorder.failure.has_value());
  CHECK(machine.recorder.failure->find("index") != std::string::npos);
  CHECK_FALSE(machine.answered(read));
  machine.put("another", "value");
  machine.now.steady += std::chrono::hours(1);
  machine.run();
  CHECK(machine.recorder.answers.size() == 1);
  CHECK_FALSE(machine.node->next_deadline().has_value());
}

kv::Operation page_of(std::string_view cursor) {
  kv::Operation scan;
  scan.kind = TENON_SCAN;
  scan.cursor = cursor;
  scan.limit = 3;
  scan.limit_bytes = 10'000;
  return scan;
}

TEST_CASE("the pages of a scan show one revision, though keys are written between them, and not for ever") {
  Machine machine;
  machine.settle();
  for (int i = 0; i < 9; ++i) machine.put("key" + std::to_string(i), "before");
  machine.settle();
  std::string cursor;
  std::size_t seen = 0;
  std::string first_cursor;
  do {
    const std::uint64_t page = machine.submit(Access::read, encoded(page_of(cursor)));
    machine.settle();
    const kv::Result& result = machine.recorder.answers.at(page).reply.results.at(0);
    REQUIRE(result.error == TENON_OK);
    for (const kv::Record& record : result.records) CHECK(record.value == "before");
    seen += result.records.size();
    cursor = result.cursor;
    if (first_cursor.empty()) first_cursor = cursor;
    for (int i = 0; i < 9; ++i) machine.put("key" + std::to_string(i), "after");
    machine.put("key" + std::to_string(seen) + "new", "after");
    machine.settle();
  } while (!cursor.empty());
  CHECK(seen == 9);
  machine.now.steady += KeptStates::kIdleMax;
  machine.settle();
  const std::uint64_t late = machine.submit(Access::read, encoded(page_of(first_cursor)));
  machine.settle();
  CHECK(machine.recorder.answers.at(late).reply.results.at(0).error == TENON_ERROR_COMPACTED);
}

}  // namespace
}  // namespace tenon::node
