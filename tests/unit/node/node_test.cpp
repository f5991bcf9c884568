// SPDX-License-Identifier: MIT
#include "node/node.hpp"

#include <deque>
#include <map>

#include "node/boot.hpp"
#include "support/catch.hpp"
#include "tenon/operation.hpp"
#include "wire/hard_state.hpp"

namespace tenon::node {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::RoleName;
using raft::Term;

const raft::Membership kMembers{{NodeId(1)}};

// Storage whose test decides when a write is durable and when a read is answered. It keeps the pointers that it is
// lent, as a plugin may, so that memory given back too early shows under the address sanitizer.
class ManualStorage {
 public:
  ManualStorage() {
    table_.struct_size = sizeof table_;
    table_.write = [](void* self, const tenon_write* write) {
      auto& storage = *static_cast<ManualStorage*>(self);
      REQUIRE(write->sequence == ++storage.last_sequence);
      storage.queued.push_back(write);
    };
    table_.read_entries = [](void* self, std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t) {
      auto& storage = *static_cast<ManualStorage*>(self);
      REQUIRE_FALSE(storage.reading.has_value());
      storage.reading = Read{request, first, end};
    };
  }
  StoragePort port() noexcept { return {&table_, this}; }

  struct Read {
    std::uint64_t request, first, end;
  };
  struct Stored {
    std::uint64_t term;
    std::string data;
  };
  // Makes the oldest queued write durable; returns its sequence.
  raft::WriteSequence sync_one() {
    REQUIRE_FALSE(queued.empty());
    const tenon_write& write = *queued.front();
    if ((write.parts & TENON_WRITE_HARD_STATE) != 0) hard_state = view(write.hard_state);
    for (std::uint64_t i = 0; i < write.entry_count; ++i) {
      const tenon_entry& entry = write.entries[i];
      log[entry.index] = {entry.term, std::string(view(entry.data))};
    }
    queued.pop_front();
    return raft::WriteSequence(write.sequence);
  }

  std::deque<const tenon_write*> queued;
  std::uint64_t last_sequence = 0;
  std::optional<Read> reading;
  std::string hard_state;
  std::map<std::uint64_t, Stored> log;

 private:
  tenon_storage table_{};
};

class Recorder final : public Surroundings {
 public:
  void answer(Answer answer) override { REQUIRE(answers.emplace(answer.token.request, answer).second); }
  void role_changed(const raft::RoleChanged& role) override { roles.push_back(role.role); }
  void failed(const std::string& why) override { failure = why; }

  std::map<std::uint64_t, Answer> answers;
  std::vector<RoleName> roles;
  std::optional<std::string> failure;
};

std::string encoded(const kv::Operation& operation) {
  kv::Command command;
  command.operations.push_back(operation);
  std::string data;
  kv::encode(command, data);
  return data;
}

// A node on its storage, restarted as often as a test likes.
class Machine {
 public:
  Machine() {
    const Birth born = birth(kMembers);
    storage.hard_state = born.hard_state;
    storage.log[born.index.value()] = {born.term.value(), born.entry_data};
    boot();
  }

  // What a crash leaves is what is durable.
  void restart() {
    node.reset();
    storage.queued.clear();
    storage.reading.reset();
    storage.last_sequence = 0;
    boot();
  }
  void run() { node->run(now); }
  void sync_one() { node->on_durable(storage.sync_one()); }
  void answer_read() {
    REQUIRE(storage.reading.has_value());
    const ManualStorage::Read read = *std::exchange(storage.reading, std::nullopt);
    std::vector<tenon_entry> entries;
    for (std::uint64_t index = read.first; index < read.end && entries.size() < read_entries_max; ++index) {
      entries.push_back({index, storage.log.at(index).term, bytes(storage.log.at(index).data)});
    }
    node->on_entries_read(read.request, TENON_OK, entries);
  }
  // Until nothing moves any more.
  void settle() {
    for (run();; run()) {
      if (!storage.queued.empty()) {
        sync_one();
      } else if (storage.reading) {
        answer_read();
      } else if (node->next_deadline() != now.steady) {
        return;
      }
    }
  }
  std::uint64_t submit(Access access, std::string command, Ordering ordering = Ordering::free) {
    node->submit({{1, ++last_request}, access, ordering, std::move(command), now.steady + timeout});
    return last_request;
  }
  std::uint64_t put(std::string_view key, std::string_view value) {
    return submit(Access::write, encoded({TENON_PUT, 0, key, {}, value, {}, 0, 0}));
  }
  std::uint64_t get(std::string_view key, Ordering ordering = Ordering::free) {
    return submit(Access::read, encoded({TENON_GET, 0, key, {}, {}, {}, 0, 0}), ordering);
  }
  // The value that a finished get has found; nullopt: none.
  std::optional<std::string> found(std::uint64_t request) {
    const Answer& answer = recorder.answers.at(request);
    REQUIRE(answer.outcome == Outcome::done);
    const auto& records = answer.reply.results.at(0).records;
    return records.empty() ? std::nullopt : std::optional(records.at(0).value);
  }
  bool answered(std::uint64_t request) const { return recorder.answers.contains(request); }

  ManualStorage storage;
  Recorder recorder;
  Now now{raft::Instant(std::chrono::hours(600)), 1'000'000};
  Settings settings;
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
  std::size_t read_entries_max = 7;
  std::uint64_t cache_bytes_max = 1u << 20;
  std::uint64_t last_request = 0;
  std::optional<Node> node;

 private:
  void boot() {
    settings.raft.self = NodeId(1);
    settings.raft.log_cache_bytes_max = cache_bytes_max;
    Boot reading(storage.hard_state, cache_bytes_max);
    for (const auto& [index, stored] : storage.log) reading.feed(LogIndex(index), Term(stored.term), stored.data);
    std::optional<raft::Recovered> recovered = reading.finish(NodeId(1), raft::WriteSequence());
    REQUIRE(recovered.has_value());
    node.emplace(settings, *std::move(recovered), raft::Random(1), storage.port(), recorder, now);
  }
};

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
  REQUIRE(machine.storage.reading.has_value());
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
  REQUIRE(machine.storage.reading.has_value());
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

}  // namespace
}  // namespace tenon::node
