// SPDX-License-Identifier: MIT
#include "filewal/file_wal_storage.hpp"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "faulty_file_system.hpp"
#include "log_model.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;
using testing::EntryCopy;
using testing::FakeHost;

// Counts how often a plugin says that it has failed.
struct CountingHost : tenon_host {
  explicit CountingHost(const FakeHost& fake) : tenon_host(*fake.table()), forward(fake.table()) {
    failed = [](const tenon_host* host, tenon_error error, const char* message) {
      const auto* self = static_cast<const CountingHost*>(host);
      ++self->failures;
      self->forward->failed(self->forward, error, message);
    };
  }
  const tenon_host* forward;
  mutable std::atomic<int> failures{0};
};

TEST_CASE("what was acknowledged is there after a close and a reopen") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  std::array<std::uint8_t, 16> incarnation;
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    CHECK(plugin.found.first_index == 1);
    CHECK(plugin.found.last_index == 0);
    std::copy_n(plugin.found.incarnation, incarnation.size(), incarnation.begin());
    OwnedWrite vote;
    plugin.write(vote.hard_state("term 1").append(1, 1, "a").view(1));
    REQUIRE(plugin.storage_host.wait_durable(1));
    plugin.append(2, "b");
    plugin.close();
    CHECK(plugin.storage_host.durable_sequence() == 2);
  }
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(view(plugin.found.hard_state) == "term 1");
  CHECK(plugin.found.last_index == 2);
  CHECK(std::equal(incarnation.begin(), incarnation.end(), plugin.found.incarnation));
  plugin.read(9, 1, 3);
  const auto read = plugin.storage_host.wait_read(9);
  REQUIRE(read);
  CHECK(read->error == TENON_OK);
  CHECK(read->entries == std::vector<EntryCopy>{{1, 1, "a"}, {2, 1, "b"}});
}

TEST_CASE(
    "a new directory is born with the incarnation that the host hands over, and one that was born keeps its own") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  for (const int handed_over : {0xa1, 0xb2, 0x00}) {
    CAPTURE(handed_over);
    Plugin plugin(host.table());
    std::fill(std::begin(plugin.found.incarnation), std::end(plugin.found.incarnation),
              static_cast<std::uint8_t>(handed_over));
    REQUIRE(plugin.open() == TENON_OK);
    for (const std::uint8_t byte : plugin.found.incarnation) CHECK(byte == 0xa1);
  }
}

// Holds the thread of an instance in its next sync.
class Gate {
 public:
  explicit Gate(FaultyFileSystem& disk) {
    disk.before_sync([this, opened = opened_.get_future().share()] {
      if (!armed_.exchange(false)) return;
      reached_.set_value();
      opened.wait();
    });
  }
  void arm() { armed_ = true; }
  void wait_reached() { reached_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::atomic<bool> armed_{false};
  std::promise<void> reached_;
  std::promise<void> opened_;
};

TEST_CASE("all writes that queue during a sync become durable by one sync and one report") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  Gate gate(counting);
  Plugin plugin(host.table(), counting);
  REQUIRE(plugin.open() == TENON_OK);
  const std::uint64_t syncs_before = counting.counts().syncs;
  gate.arm();
  plugin.append(1, "first");
  gate.wait_reached();
  for (std::uint64_t index = 2; index <= 1000; ++index) plugin.append(index, "more");
  CHECK(plugin.storage_host.durable_sequence() == 0);
  gate.open();
  REQUIRE(plugin.storage_host.wait_durable(1000));
  CHECK(plugin.storage_host.durable_reports() == 2);
  CHECK(host.metric("syncs_total") == 2.0);
  CHECK(host.metric("writes_per_sync") == 1000.0);
  CHECK(host.metric("written_bytes_total").value_or(0) > 1000 * 40);
  CHECK(host.metric("sync_duration_seconds").value_or(0) > 0);
  plugin.close();
  CHECK(counting.counts().syncs == syncs_before + 3);  // the third is that of the close
}

TEST_CASE("a read sees every write before it, though none is durable, and no write after it") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  Gate gate(counting);
  Plugin plugin(host.table(), counting);
  REQUIRE(plugin.open() == TENON_OK);
  gate.arm();
  plugin.append(1, "first");
  gate.wait_reached();
  plugin.append(2, "second");
  plugin.read(5, 1, 3);
  OwnedWrite replacing;
  plugin.write(replacing.truncate(2).append(2, 2, "another").view(3));
  plugin.read(6, 1, 3);
  CHECK_FALSE(plugin.storage_host.find_read(5));
  gate.open();
  const auto before = plugin.storage_host.wait_read(5);
  const auto after = plugin.storage_host.wait_read(6);
  REQUIRE((before && after));
  CHECK(before->entries == std::vector<EntryCopy>{{1, 1, "first"}, {2, 1, "second"}});
  CHECK(after->entries == std::vector<EntryCopy>{{1, 1, "first"}, {2, 2, "another"}});
  CHECK(plugin.storage_host.wait_durable(3));
  CHECK(plugin.storage_host.durable_reports() == 2);
}

TEST_CASE("a read of what the log does not hold is not found, and storage goes on") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  Plugin plugin(host.table(), disk);
  plugin.tolerate(validation::Rule::read);
  REQUIRE(plugin.open() == TENON_OK);
  plugin.read(1, 1, 2);
  REQUIRE(plugin.storage_host.wait_read(1));
  CHECK(plugin.storage_host.find_read(1)->error == TENON_ERROR_NOT_FOUND);
  plugin.append(1, "a");
  CHECK(plugin.storage_host.wait_durable(1));
  CHECK_FALSE(host.failure());
}

TEST_CASE("after any call that fails, storage says so once and reports nothing durable any more") {
  for (std::uint64_t call = 1; call <= 6; ++call) {
    CAPTURE(call);
    const FakeHost fake("/memory", kOptions);
    const CountingHost host(fake);
    MemoryFileSystem disk(call);
    FaultyFileSystem faulty(disk);
    Plugin plugin(&host, faulty);
    REQUIRE(plugin.open() == TENON_OK);
    plugin.append(1, "durable");
    REQUIRE(plugin.storage_host.wait_durable(1));
    faulty.fail_change(faulty.counts().changes + call, call % 2 == 0 ? TENON_ERROR_IO : TENON_ERROR_NO_SPACE);
    OwnedWrite second;
    plugin.write(second.hard_state("vote").append(2, 1, "lost").view(2));
    plugin.append(3, "never");
    plugin.read(1, 1, 2);
    const auto read = plugin.storage_host.wait_read(1);
    REQUIRE(read);
    plugin.append(4, "never");
    plugin.read(2, 1, 2);
    const auto second_read = plugin.storage_host.wait_read(2);
    REQUIRE(second_read);
    CHECK(second_read->error == TENON_ERROR_IO);
    plugin.close();
    CHECK(host.failures == 1);
    CHECK(fake.failure()->error == (call % 2 == 0 ? TENON_ERROR_IO : TENON_ERROR_NO_SPACE));
    CHECK(fake.failure()->message.find("injected") != std::string::npos);
    CHECK(plugin.storage_host.durable_sequence() == 1);
    disk.lose_power();
    OpenedLog recovered(disk, kSegmentBytesMin, {"test-cluster", 1});
    CHECK(recovered.recovered.last_index >= plugin.storage_host.durable_sequence());
    CHECK(recovered.recovered.last_index <= 3);
  }
}

TEST_CASE("a read that waits while a failed storage closes is answered with closed") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  Gate gate(faulty);
  Plugin plugin(host.table(), faulty);
  REQUIRE(plugin.open() == TENON_OK);
  faulty.fail_change(faulty.counts().changes + 2, TENON_ERROR_IO);
  gate.arm();
  plugin.append(1, "a");
  gate.wait_reached();
  plugin.read(1, 1, 2);
  std::thread closing([&] {
    plugin.enter_control_thread();
    plugin.close();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // most often the close comes first; both are allowed
  gate.open();
  closing.join();
  const auto read = plugin.storage_host.find_read(1);
  REQUIRE(read);
  CHECK((read->error == TENON_ERROR_CLOSED || read->error == TENON_ERROR_IO));
  CHECK(plugin.storage_host.durable_sequence() == 0);
}

TEST_CASE("a write that needs a segment for which there is no room fails with no space") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  Plugin plugin(host.table(), faulty);
  REQUIRE(plugin.open() == TENON_OK);
  faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_NO_SPACE);
  plugin.append(1, std::string(2 << 20, 'x'));
  plugin.read(1, 1, 2);
  REQUIRE(plugin.storage_host.wait_read(1));
  CHECK(faulty.trace().ends_with("create spare.new;"));
  CHECK(host.failure()->error == TENON_ERROR_NO_SPACE);
}

TEST_CASE(
    "a segment that was nearly full at a start gets its successor in the first pause, before any write waits for it") {
  MemoryFileSystem disk(1);
  {
    OpenedLog before(disk, kSegmentBytesMin, {"test-cluster", 1});
    OwnedWrite write;
    before.log.stage(write.append(1, 1, std::string(kSegmentBytesMin * 15 / 16, 'x')).view(1));
    before.log.sync();
    before.log.close();
  }
  const FakeHost host("/memory", kOptions);
  FaultyFileSystem watched(disk);
  std::atomic<bool> has_synced = false;  // by the storage's own thread: what it writes of a successor, and nothing else
  watched.before_sync([&, opener = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != opener) has_synced = true;
  });
  Plugin plugin(host.table(), watched);
  REQUIRE(plugin.open() == TENON_OK);
  for (int waits = 0; waits < 1'000 && !has_synced; ++waits) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(has_synced);
}

TEST_CASE("a directory that is in use is busy, and free when the first instance is closed") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin first(host.table());
  REQUIRE(first.open() == TENON_OK);
  {
    Plugin second(host.table());
    CHECK(second.open() == TENON_ERROR_BUSY);
    CHECK(std::string(second.why.message).find(directory.path()) != std::string::npos);
  }
  first.close();
  Plugin third(host.table());
  CHECK(third.open() == TENON_OK);
}

TEST_CASE("a segment size that is no size is refused") {
  const FakeHost host("/memory", {{"segment_bytes", "large"}});
  const Plugin plugin(host.table());
  CHECK(plugin.error == TENON_ERROR_INVALID);
  CHECK(std::string(plugin.why.message).find("segment_bytes is 'large'") != std::string::npos);
}

std::set<std::string> threads() {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    found.insert(entry.path().filename().string());
  }
  return found;
}

TEST_CASE("the thread blocks every signal that can be blocked, and is gone after close") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  Plugin plugin(host.table(), disk);
  const std::set<std::string> before = threads();
  REQUIRE(plugin.open() == TENON_OK);
  std::set<std::string> added;
  for (const std::string& thread : threads()) {
    if (before.count(thread) == 0) added.insert(thread);
  }
  REQUIRE(added.size() == 1);
  std::ifstream status("/proc/self/task/" + *added.begin() + "/status");
  std::string blocked;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:")) blocked = line;
  }
  const std::uint64_t mask = std::stoull(blocked.substr(blocked.find_last_of('\t') + 1), nullptr, 16);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE}) CHECK((mask >> (number - 1) & 1) == 1);
  plugin.close();
  // A thread that has been joined is in the list for a moment more.
  for (int looks = 0; looks < 10'000 && threads() != before; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(threads() == before);
}

TEST_CASE("a stream of writes and reads on a real disk answers everything with what was written") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  constexpr std::uint64_t kWrites = 5000;
  for (std::uint64_t index = 1; index <= kWrites; ++index) {
    plugin.append(index, std::to_string(index));
    if (index % 10 == 0) plugin.read(index, index - 9, index + 1);
  }
  REQUIRE(plugin.storage_host.wait_durable(kWrites));
  for (std::uint64_t request = 10; request <= kWrites; request += 10) {
    const auto read = plugin.storage_host.wait_read(request);
    REQUIRE(read);
    REQUIRE(read->entries.size() == 10);
    REQUIRE(read->entries.front().data == std::to_string(request - 9));
    REQUIRE(read->entries.back().data == std::to_string(request));
  }
  CHECK(plugin.storage_host.durable_reports() < kWrites);
}

}  // namespace
}  // namespace tenon::filewal::test
