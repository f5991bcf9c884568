// SPDX-License-Identifier: MIT
// Each call that changes something on the disk fails once, in a run of its own. Whatever becomes of the bytes then, no
// wrong acknowledgement comes of it, and what had been acknowledged is found.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>

#include "faulty_file_system.hpp"
#include "filewal/file_wal_storage.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"
#include "tenon/testing/host.hpp"
#include "tenon/testing/storage_host.hpp"

extern "C" const tenon_plugin tenon_static_plugin_filewal;

namespace tenon::crash {
namespace {

using filewal::test::FaultyFileSystem;
using filewal::test::LogModel;
using filewal::test::OpenedLog;
using filewal::test::OwnedWrite;
using support::MemoryFileSystem;

// What becomes of the disk after the failure.
enum class Aftermath {
  killed,           // every write is still there
  pages_forgotten,  // as after a failed sync: reads see it, and no later sync writes it
  power_lost,
};

// A life of a log that ends with the first error.
struct Life {
  std::vector<LogModel> moments = {LogModel{}};
  std::size_t acknowledged = 0;  // position in moments
  tenon_error error = TENON_OK;
  std::string message;

  void live(filewal::FileSystem& disk) {
    try {
      OpenedLog opened(disk);
      write_to(opened.log);
      opened.log.close();
      acknowledged = moments.size() - 1;
    } catch (const Error& failure) {
      error = failure.code();
      message = failure.what();
    }
  }
  bool allows(const LogModel& found) const {
    return std::find(moments.begin() + static_cast<std::ptrdiff_t>(acknowledged), moments.end(), found) !=
           moments.end();
  }

 private:
  void write_to(filewal::FileLog& log) {
    constexpr int kWrites = 40;
    std::mt19937_64 generator(3);
    std::vector<std::unique_ptr<OwnedWrite>> staged;
    for (int write = 0; write < kWrites; ++write) {
      LogModel model = moments.back();
      staged.push_back(random_write(model, generator, 500));
      staged.back()->apply(model, moments);
      log.stage(staged.back()->view(1));
      if (write % 3 == 0) log.prepare_spare();
      if (write % 2 == 0) continue;
      log.sync();
      staged.clear();
      acknowledged = moments.size() - 1;
    }
  }
};

void look_at_failure(std::uint64_t change, tenon_error code, Aftermath aftermath, bool& has_failed) {
  MemoryFileSystem disk(change);
  FaultyFileSystem faulty(disk);
  faulty.fail_change(change, code);
  Life life;
  life.live(faulty);
  has_failed = faulty.has_failed();
  // Room for the spare is not needed at once, so that only its lack is no failure.
  if (has_failed && life.error == TENON_OK) REQUIRE(code == TENON_ERROR_NO_SPACE);
  if (life.error != TENON_OK) {
    REQUIRE(life.error == code);
    REQUIRE(life.message.find("injected") != std::string::npos);
  }
  if (aftermath == Aftermath::pages_forgotten) disk.forget_unsynced_writes();
  if (aftermath == Aftermath::power_lost) disk.lose_power();
  LogModel found;
  {
    const OpenedLog opened(disk);
    found = opened.content();
    REQUIRE(life.allows(found));
  }
  disk.lose_power();
  REQUIRE(OpenedLog(disk).content() == found);
}

TEST_CASE("whichever call of a log fails, it throws that error, and the next start finds all that was acknowledged") {
  const auto code = GENERATE(tenon_error{TENON_ERROR_IO}, tenon_error{TENON_ERROR_NO_SPACE});
  const auto aftermath = GENERATE(Aftermath::killed, Aftermath::pages_forgotten, Aftermath::power_lost);
  CAPTURE(code, static_cast<int>(aftermath));
  constexpr std::uint64_t kChangesMin = 100;  // of the whole life
  std::uint64_t change = 0;
  for (bool has_failed = true; has_failed;) {
    ++change;
    CAPTURE(change);
    look_at_failure(change, code, aftermath, has_failed);
  }
  CHECK(change > kChangesMin);
}

// The plugin on a disk that the test keeps, and how often it has said that it failed.
class Plugin {
 public:
  explicit Plugin(filewal::FileSystem& disk)
      : instance_(new filewal::FileWalStorage(Host(&host_), std::make_unique<Borrowed>(disk),
                                              std::make_unique<MemoryFileSystem>(1))),
        self_(static_cast<Instance*>(instance_)) {
    tenon_recovered found{};
    found.struct_size = sizeof found;
    tenon_detail why{};
    REQUIRE(kTable.open(self_, storage_host.table(), &found, &why) == TENON_OK);
  }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  ~Plugin() {
    close();
    tenon_static_plugin_filewal.destroy(self_);
  }

  void close() {
    if (!std::exchange(closed_, true)) kTable.close(self_);
  }
  // Appends an entry, sometimes with a hard state, and waits until it is durable or nothing is any more.
  void write(std::uint64_t sequence) {
    OwnedWrite& write = writes_.emplace_back();
    if (sequence % 4 == 0) write.hard_state("vote " + std::to_string(sequence));
    write.append(sequence, 1, data_of(sequence));
    kTable.write(self_, &write.view(sequence));
    while (failures() == 0 && !storage_host.wait_durable(sequence, std::chrono::milliseconds(1))) {
    }
  }
  // Returns when the thread has taken all that came before.
  void wait_for_thread(std::uint64_t request) {
    kTable.read_entries(self_, request, 1, 2, 1);
    REQUIRE(storage_host.wait_read(request));
  }
  int failures() const { return host_.failures; }
  std::optional<testing::Failure> failure() const { return host_.fake.failure(); }

  static std::string data_of(std::uint64_t sequence) {
    return std::string(200 + sequence, static_cast<char>('a' + sequence % 26));
  }

  testing::FakeStorageHost storage_host;

 private:
  struct CountingHost : tenon_host {
    CountingHost() : tenon_host(), fake("/memory", {{"segment_bytes", "4KiB"}}) {
      static_cast<tenon_host&>(*this) = *fake.table();
      failed = [](const tenon_host* host, tenon_error error, const char* message) {
        const auto* self = static_cast<const CountingHost*>(host);
        self->fake.table()->failed(self->fake.table(), error, message);
        ++self->failures;
      };
    }
    testing::FakeHost fake;
    mutable std::atomic<int> failures{0};
  };
  class Borrowed final : public filewal::FileSystem {
   public:
    explicit Borrowed(filewal::FileSystem& disk) : disk_(disk) {}
    std::string path(std::string_view name) const override { return disk_.path(name); }
    void create_directory() override { disk_.create_directory(); }
    std::vector<std::string> list() const override { return disk_.list(); }
    std::unique_ptr<filewal::File> open(std::string_view name, filewal::OpenMode mode) override {
      return disk_.open(name, mode);
    }
    void rename(std::string_view from, std::string_view to) override { disk_.rename(from, to); }
    void unlink(std::string_view name) override { disk_.unlink(name); }
    void sync_directory() override { disk_.sync_directory(); }
    std::unique_ptr<filewal::FileLock> lock(std::string_view name) override { return disk_.lock(name); }
    void random_bytes(std::span<std::uint8_t> output) override { disk_.random_bytes(output); }

   private:
    filewal::FileSystem& disk_;
  };

  static const tenon_storage& kTable;

  CountingHost host_;
  filewal::FileWalStorage* instance_;
  void* self_;
  bool closed_ = false;
  std::deque<OwnedWrite> writes_;
};

const tenon_storage& Plugin::kTable = *tenon_static_plugin_filewal.storage;

// Returns whether the change came to pass.
bool look_at_plugin(std::uint64_t change, tenon_error code) {
  constexpr std::uint64_t kWrites = 40;
  MemoryFileSystem disk(change);
  FaultyFileSystem faulty(disk);
  Plugin plugin(faulty);
  faulty.fail_change(faulty.counts().changes + change, code);
  for (std::uint64_t sequence = 1; sequence <= kWrites; ++sequence) plugin.write(sequence);
  plugin.wait_for_thread(1);
  std::optional<std::uint64_t> reports_before;  // by a plugin that had failed by then
  if (plugin.failures() > 0) {
    reports_before = plugin.storage_host.durable_reports();
    plugin.write(kWrites + 1);
    plugin.wait_for_thread(2);
  }
  plugin.close();
  const bool has_failed = faulty.has_failed();
  const std::uint64_t durable = plugin.storage_host.durable_sequence();
  if (plugin.failures() == 0) {
    REQUIRE(durable == kWrites);
    REQUIRE((!has_failed || code == TENON_ERROR_NO_SPACE));
  } else {
    REQUIRE(plugin.failures() == 1);
    REQUIRE(plugin.failure()->error == code);
    REQUIRE(plugin.storage_host.durable_reports() == reports_before.value_or(plugin.storage_host.durable_reports()));
  }
  disk.lose_power();
  const OpenedLog recovered(disk, filewal::kSegmentBytesMin, {"test-cluster", 1});
  const LogModel found = recovered.content();
  REQUIRE(found.last() >= durable);
  REQUIRE(found.last() <= kWrites);
  for (std::uint64_t index = 1; index <= found.last(); ++index) {
    REQUIRE(found.entries[index - 1].data == Plugin::data_of(index));
  }
  return has_failed;
}

TEST_CASE("whichever call of the plugin fails, it says so once and reports nothing durable any more") {
  const auto code = GENERATE(tenon_error{TENON_ERROR_IO}, tenon_error{TENON_ERROR_NO_SPACE});
  CAPTURE(code);
  constexpr std::uint64_t kChangesMin = 80;  // of the whole life
  std::uint64_t change = 1;
  for (bool has_failed = true; has_failed; ++change) {
    CAPTURE(change);
    has_failed = look_at_plugin(change, code);
  }
  CHECK(change > kChangesMin);
}

}  // namespace
}  // namespace tenon::crash
