// SPDX-License-Identifier: MIT
#include "host/storage_session.hpp"

#include <thread>

#include "fake_logger.hpp"
#include "support/catch.hpp"
#include "support/memory_storage.hpp"
#include "tenon/host.hpp"
#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;
using Mode = MemoryStorage::Mode;

const raft::Membership kMembers{{{raft::NodeId(1)}}};
const std::function<bool()> kHealthy = [] { return false; };

StorageBoot new_cluster() { return {kMembers, 64u << 20, "cluster"}; }
StorageBoot existing() { return {std::nullopt, 64u << 20, "cluster"}; }

node::StoragePort port(MemoryStorage& storage) { return {storage.table(), storage.self()}; }

node::Recovered boot(MemoryStorage& storage, const StorageBoot& how) {
  FakeLogger logger;
  StorageSession session(port(storage), logger);
  return session.boot(how, kHealthy);
}

// The error with which a boot is refused.
Error refusal(MemoryStorage& storage, const StorageBoot& how) {
  try {
    boot(storage, how);
  } catch (const Error& error) {
    return error;
  }
  FAIL("the boot was not refused");
  return Error(TENON_OK, "");
}

TEST_CASE("an empty directory is born once, and found again by every later boot") {
  MemoryStorage storage(GENERATE(Mode::immediate, Mode::threaded));
  const raft::Recovered born = boot(storage, new_cluster()).raft;
  CHECK(born.last_sequence == raft::WriteSequence(1));
  CHECK(born.log.last_index() == raft::LogIndex(1));
  CHECK(born.log.membership() == kMembers);
  CHECK(born.hard_state == raft::HardState{raft::Term(1), raft::NodeId()});
  REQUIRE(storage.entries().size() == 1);
  for (const StorageBoot& how : {existing(), new_cluster()}) {
    const raft::Recovered found = boot(storage, how).raft;
    CHECK(found.last_sequence == raft::WriteSequence());
    CHECK(found.log.last_index() == raft::LogIndex(1));
    CHECK(found.log.membership() == kMembers);
  }
  CHECK(storage.entries().size() == 1);
}

TEST_CASE("a birth waits until it is durable") {
  MemoryStorage storage(Mode::manual);
  std::thread completer([&] {
    while (storage.last_sequence() == 0) std::this_thread::yield();
    storage.complete(1);
  });
  CHECK(boot(storage, new_cluster()).raft.log.durable_index() == raft::LogIndex(1));
  completer.join();
}

TEST_CASE("an empty directory is refused when no new cluster was asked for") {
  MemoryStorage storage(Mode::immediate);
  const Error error = refusal(storage, existing());
  CHECK(error.code() == TENON_ERROR_INVALID);
  CHECK(std::string(error.what()).find("cluster.start") != std::string::npos);
  CHECK(storage.entries().empty());
}

TEST_CASE("a birth that a crash cut after its hard state is repeated, a hard state that lost its log is refused") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  storage.entries().clear();
  CHECK(boot(storage, new_cluster()).raft.log.last_index() == raft::LogIndex(1));
  storage.entries().clear();
  storage.hard_state() = wire::encode_hard_state({raft::Term(4), raft::NodeId(1)});
  CHECK(refusal(storage, new_cluster()).code() == TENON_ERROR_CORRUPT);
  CHECK(storage.entries().empty());
}

TEST_CASE("a log whose hard state is missing or cannot be read is refused") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  SECTION("missing") { storage.hard_state().reset(); }
  SECTION("damaged") { storage.hard_state()->back() = '\x7f'; }
  const Error error = refusal(storage, new_cluster());
  CHECK(error.code() == TENON_ERROR_CORRUPT);
  CHECK(std::string(error.what()).find("hard state") != std::string::npos);
}

TEST_CASE("a log with a damaged entry, a beginning that is not kept, or other members is refused") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  for (std::uint64_t index = 2; index <= 10; ++index) storage.entries()[index] = {1, wire::encode_no_op()};
  CHECK(boot(storage, existing()).raft.log.last_index() == raft::LogIndex(10));
  SECTION("damaged") {
    storage.entries()[6].data[9] = '\x40';
    const Error error = refusal(storage, existing());
    CHECK(error.code() == TENON_ERROR_CORRUPT);
    CHECK(std::string(error.what()).find("index 6") != std::string::npos);
  }
  SECTION("beginning") {
    storage.entries().erase(1);
    const Error error = refusal(storage, existing());
    CHECK(error.code() == TENON_ERROR_CORRUPT);
    CHECK(std::string(error.what()).find("index 2") != std::string::npos);
  }
}

TEST_CASE("an empty directory of a node that joins stays empty, and one that holds a node is that node's") {
  MemoryStorage empty(Mode::immediate);
  StorageBoot joins = existing();
  joins.joins = true;
  const node::Recovered waiting = boot(empty, joins);
  CHECK(waiting.raft.log.membership().members.empty());
  CHECK(waiting.raft.log.last_index() == raft::LogIndex(0));
  CHECK(empty.entries().empty());
  MemoryStorage born(Mode::immediate);
  boot(born, new_cluster());
  CHECK(boot(born, joins).raft.log.last_index() == raft::LogIndex(1));
}

TEST_CASE("a long log is read in parts, and the cache keeps to its bound") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  const std::string command(1u << 20, 'c');
  const std::string_view commands[] = {command};
  const std::string data = wire::encode_commands(1, commands);
  for (std::uint64_t index = 2; index <= 40; ++index) storage.entries()[index] = {1, data};
  StorageBoot how = existing();
  how.log_cache_bytes_max = 5u << 20;
  const raft::Recovered recovered = boot(storage, how).raft;
  CHECK(recovered.log.last_index() == raft::LogIndex(40));
  CHECK(recovered.log.cached_bytes() <= how.log_cache_bytes_max);
}

TEST_CASE("what open() and the reads fail with is what the boot fails with") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  storage.set_errors(TENON_ERROR_BUSY, TENON_OK);
  CHECK(refusal(storage, existing()).code() == TENON_ERROR_BUSY);
  storage.set_errors(TENON_OK, TENON_ERROR_CORRUPT);
  CHECK(refusal(storage, existing()).code() == TENON_ERROR_CORRUPT);
}

TEST_CASE("a storage that fails during a birth ends the wait, and keeps what it was given until it is closed") {
  MemoryStorage storage(Mode::manual);
  FakeLogger logger;
  {
    StorageSession session(port(storage), logger);
    CHECK_THROWS_AS(session.boot(new_cluster(), [&] { return storage.last_sequence() == 1; }), Error);
  }
  // It was closed without having failed, so the birth was made durable after all.
  CHECK(storage.entries().size() == 1);
}

TEST_CASE("a storage that fails before it answers a read ends the wait, and the read's answer goes nowhere") {
  MemoryStorage storage(Mode::immediate);
  boot(storage, new_cluster());
  storage.hold_reads();
  FakeLogger logger;
  SECTION("answered by close()") {
    StorageSession session(port(storage), logger);
    CHECK_THROWS_AS(session.boot(existing(), [&] { return storage.held_read_count() == 1; }), Error);
  }
  SECTION("answered with a loan after the wait was given up") {
    StorageSession session(port(storage), logger);
    CHECK_THROWS_AS(session.boot(existing(), [&] { return storage.held_read_count() == 1; }), Error);
    storage.answer_reads();
  }
}

TEST_CASE("what storage said of its room while the node was starting reaches the node, and what it says later does") {
  class Events final : public StorageEvents {
   public:
    void durable(std::uint64_t) override {}
    void read_done(std::uint64_t, tenon_error, const tenon_entry*, std::uint64_t, tenon_loan) override {}
    void space(bool is_short) override { reports.push_back(is_short); }
    void closed() override {}
    std::vector<bool> reports;
  };
  MemoryStorage storage(Mode::immediate);
  FakeLogger logger;
  Events events;
  StorageSession session(port(storage), logger);
  storage.report_space(true);
  session.connect(events);
  CHECK(events.reports == std::vector<bool>{true});
  storage.report_space(true);
  CHECK(events.reports == std::vector<bool>{true});
  storage.report_space(false);
  CHECK(events.reports == std::vector<bool>{true, false});
}

}  // namespace
}  // namespace tenon::host
