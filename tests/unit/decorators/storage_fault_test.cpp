// SPDX-License-Identifier: MIT
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "fault/storage_table.hpp"
#include "support/abort_on_finding.hpp"
#include "support/catch.hpp"
#include "support/memory_storage.hpp"
#include "tenon/bytes.hpp"
#include "tenon/testing/host.hpp"
#include "tenon/testing/storage_host.hpp"
#include "validation/host_table.hpp"
#include "validation/storage_table.hpp"

namespace tenon::fault::test {
namespace {

using support::MemoryStorage;
using namespace std::chrono_literals;

// A storage in memory that suffers faults, between two validations: neither side may break the contract by them.
class FaultyPlugin {
 public:
  explicit FaultyPlugin(const StorageFaults& faults)
      : faulty_(faults, *host_side_.table(), *inner_.table(), inner_.self(), [this](const char* kind) {
          const std::lock_guard lock(mutex_);
          ++counts_[kind];
        }) {
    found_.struct_size = sizeof found_;
    REQUIRE(table().open(self(), node.table(), &found_, nullptr) == TENON_OK);
  }
  ~FaultyPlugin() {
    if (!closed_) close();
  }

  void close() {
    table().close(self());
    node.give_back_reads();
    closed_ = true;
  }
  // One entry, as the write of its index.
  void append(std::uint64_t index) {
    Written& written = writes_.emplace_back();
    written.entry = {index, 1, bytes("data")};
    written.write.struct_size = sizeof written.write;
    written.write.sequence = index;
    written.write.parts = TENON_WRITE_ENTRIES;
    written.write.entries = &written.entry;
    written.write.entry_count = 1;
    table().write(self(), &written.write);
  }
  void read(std::uint64_t request) { table().read_entries(self(), request, 1, 2, 100); }
  const tenon_storage& table() const { return *outer_.table(); }
  void* self() const { return outer_.self(); }
  std::uint64_t suffered(const std::string& kind) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(kind);
    return found == counts_.end() ? 0 : found->second;
  }
  std::optional<testing::Failure> wait_failure() const {
    for (int i = 0; i < 20'000 && !host.failure(); ++i) std::this_thread::sleep_for(1ms);
    return host.failure();
  }

  support::AbortOnFinding reporter;
  testing::FakeHost host{"/nonexistent", {}};
  testing::FakeStorageHost node;

 private:
  struct Written {
    tenon_entry entry;
    tenon_write write{};
  };

  validation::Threads threads_;
  MemoryStorage storage_{MemoryStorage::Mode::threaded};
  validation::Subject inner_subject_{threads_, reporter};
  validation::StorageTable inner_{inner_subject_, *storage_.table(), storage_.self()};
  validation::Subject outer_subject_{threads_, reporter};
  validation::HostTable host_side_{outer_subject_, *host.table()};
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
  StorageTable faulty_;
  validation::StorageTable outer_{outer_subject_, *faulty_.table(), faulty_.self()};
  std::deque<Written> writes_;
  tenon_recovered found_{};
  bool closed_ = false;
};

TEST_CASE("a slow disk reports what is durable later, and loses nothing") {
  FaultyPlugin plugin({.sync_delay = 200ms});
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 1; i <= 3; ++i) plugin.append(i);
  REQUIRE(plugin.node.wait_durable(3));
  CHECK(std::chrono::steady_clock::now() - began >= 200ms);
  CHECK(plugin.suffered("sync_delay") > 0);
}

TEST_CASE("a disk that hangs reports nothing from that write on, for its time") {
  FaultyPlugin plugin({.stall_at_write = 2, .stall_time = 100ms});
  plugin.append(1);
  REQUIRE(plugin.node.wait_durable(1));
  const auto began = std::chrono::steady_clock::now();
  plugin.append(2);
  REQUIRE(plugin.node.wait_durable(2));
  CHECK(std::chrono::steady_clock::now() - began >= 100ms);
  plugin.append(3);
  CHECK(plugin.node.wait_durable(3));
  CHECK(plugin.suffered("stall") == 1);
}

TEST_CASE("a disk that hangs for ever reports nothing more") {
  FaultyPlugin plugin({.stall_at_write = 2});
  plugin.reporter.tolerate(validation::Rule::durable, validation::Blame::plugin);  // close() cannot wait for ever
  plugin.append(1);
  REQUIRE(plugin.node.wait_durable(1));
  plugin.append(2);
  CHECK_FALSE(plugin.node.wait_durable(2, 50ms));
  plugin.close();
  CHECK(plugin.node.durable_sequence() == 1);
}

TEST_CASE("a disk that breaks fails once, at its write, and answers reads with an error") {
  FaultyPlugin plugin({.fail_at_write = 3});
  plugin.append(1);
  plugin.append(2);
  REQUIRE(plugin.node.wait_durable(2));
  plugin.append(3);
  plugin.append(4);
  plugin.read(1);
  const auto read = plugin.node.wait_read(1);
  REQUIRE(read);
  CHECK(read->error == TENON_ERROR_IO);
  REQUIRE(plugin.wait_failure());
  CHECK(plugin.host.failure()->error == TENON_ERROR_IO);
  CHECK(plugin.host.failure()->message == "fault injection: the write 3 failed as by EIO");
  plugin.close();
  CHECK(plugin.node.durable_sequence() == 2);
  CHECK(plugin.suffered("failure") == 1);
}

// The write at which a disk breaks by chance.
std::string failure_of(std::uint64_t seed) {
  FaultyPlugin plugin({.seed = seed, .fail_per_million = 100'000});
  for (std::uint64_t i = 1; i <= 200; ++i) plugin.append(i);
  plugin.wait_failure();
  return plugin.host.failure().value_or(testing::Failure{}).message;
}

TEST_CASE("what happens by chance follows from the seed alone") {
  CHECK(failure_of(1) == failure_of(1));
  CHECK(failure_of(2) == failure_of(2));
  CHECK(failure_of(1) != failure_of(2));
}

TEST_CASE("a full disk says so, takes writes and refuses images") {
  FaultyPlugin plugin({.full_at_write = 2});
  tenon_image image{{1}, 1, 0};
  void* handle = nullptr;
  REQUIRE(plugin.table().image_create(plugin.self(), &image, &handle, nullptr) == TENON_OK);
  plugin.append(1);
  CHECK(plugin.table().image_write(handle, 0, bytes("a"), nullptr) == TENON_OK);
  plugin.append(2);
  CHECK(plugin.node.wait_space(LogSpace::running_short));
  tenon_detail why{sizeof why, {}};
  CHECK(plugin.table().image_write(handle, 1, bytes("b"), &why) == TENON_ERROR_NO_SPACE);
  CHECK(std::string(why.message) == "fault injection: the disk is full (fault.storage_full_at_write)");
  plugin.table().image_close(handle);
  CHECK(plugin.node.wait_durable(2));
}

TEST_CASE("a slow read is answered later, and every read by the end of close") {
  FaultyPlugin plugin({.read_delay = 100ms});
  plugin.append(1);
  const auto began = std::chrono::steady_clock::now();
  plugin.read(1);
  const auto read = plugin.node.wait_read(1);
  REQUIRE(read);
  CHECK(read->entries == std::vector<testing::EntryCopy>{{1, 1, "data"}});
  CHECK(std::chrono::steady_clock::now() - began >= 100ms);
  plugin.read(2);
  plugin.close();
  CHECK(plugin.node.find_read(2));
}

}  // namespace
}  // namespace tenon::fault::test
