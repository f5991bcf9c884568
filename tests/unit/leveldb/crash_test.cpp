// SPDX-License-Identifier: MIT
// Crashes of the process and losses of power at every call that changes a file.
#include "fixture.hpp"

namespace tenon::leveldb_storage::test {
namespace {

std::map<std::string, std::string> options_with(const std::string& write_buffer) {
  auto options = kOptions;
  options["write_buffer_bytes"] = write_buffer;
  return options;
}

bool is_one_of(const LogModel& found, const std::vector<LogModel>& states, std::size_t from) {
  return std::find(states.begin() + static_cast<std::ptrdiff_t>(from), states.end(), found) != states.end();
}

// A run of random writes whose disk fails from one change on, as it does for a process that is killed there.
struct Run {
  Run(std::uint64_t seed, std::uint64_t failing_change) : generator(seed) {
    const FakeHost host(directory.path(), options_with("64KiB"));
    Plugin plugin(host.table(), {&files});
    REQUIRE(plugin.open() == TENON_OK);
    states.push_back(model);
    completed.push_back(0);
    files.fail_from(failing_change, "the process was killed here");
    auto image = ImageHandle::create(plugin, 100, 1);
    for (std::uint64_t sequence = 1; sequence <= 40; ++sequence) {
      const std::size_t before = states.size();
      writes.push_back(random_write(model, generator, 6000));
      writes.back()->apply(model, states);
      REQUIRE(states.size() >= before);
      completed.push_back(states.size() - 1);
      plugin.write(writes.back()->view(sequence));
      if (generator() % 2 == 0)
        plugin.storage_host.wait_durable(sequence, std::chrono::milliseconds(host.failure() ? 0 : 20));
      if (image.outcome.error != TENON_OK) continue;
      if (image.write(image_bytes.size(), std::string(3000, static_cast<char>('a' + sequence % 26))) != TENON_OK)
        continue;
      image_bytes += std::string(3000, static_cast<char>('a' + sequence % 26));
    }
    image.close();
    plugin.close();
    durable = plugin.storage_host.durable_sequence();
    failed = host.failure().has_value();
    const std::uint64_t reports = plugin.storage_host.durable_reports();
    REQUIRE((failed || durable == 40));
    REQUIRE(reports <= 40);
  }

  void check_what_is_found() {
    const FakeHost host(directory.path(), kOptions);
    Plugin plugin(host.table());
    INFO(plugin.outcome.message());
    const tenon_error error = plugin.open();
    INFO(plugin.outcome.message());
    REQUIRE(error == TENON_OK);
    INFO("durable " << durable << " first " << plugin.found.first_index << " last " << plugin.found.last_index);
    REQUIRE(is_one_of(plugin.content(), states, completed[durable]));
    auto image = ImageHandle::create(plugin, 100, 1);
    REQUIRE(image.outcome.error == TENON_OK);
    REQUIRE(image.image.size <= image_bytes.size() + 3000);
    const auto whole = static_cast<std::size_t>(std::min<std::uint64_t>(image.image.size, image_bytes.size()));
    REQUIRE(image.read(0, whole) == image_bytes.substr(0, whole));
  }

  const TemporaryDirectory directory;
  FaultyFiles files;
  std::mt19937_64 generator;
  LogModel model;
  std::vector<LogModel> states;        // every one that a crash may leave
  std::vector<std::size_t> completed;  // by sequence: the first state that has that write whole
  std::deque<std::unique_ptr<OwnedWrite>> writes;
  std::string image_bytes;
  std::uint64_t durable = 0;
  bool failed = false;
};

TEST_CASE("a process that is killed at any change of a file leaves what it reported durable") {
  bool reached_end = false;
  for (std::uint64_t change = 1; !reached_end && change < 2000; change += 7) {
    CAPTURE(change);
    Run run(change, change);
    reached_end = !run.failed;
    run.check_what_is_found();
  }
  CHECK(reached_end);
}

TEST_CASE("a loss of power at any change of a file leaves what was reported durable") {
  bool reached_end = false;
  for (std::uint64_t change = 2; !reached_end && change < 2000; change += 7) {
    CAPTURE(change);
    Run run(change, change);
    reached_end = !run.failed;
    run.files.lose_power(run.generator);
    run.check_what_is_found();
  }
  CHECK(reached_end);
}

TEST_CASE("a birth that is interrupted at any change is completed by the next start") {
  for (std::uint64_t change = 1; change < 200; change += 2) {
    CAPTURE(change);
    const TemporaryDirectory directory;
    const FakeHost host(directory.path(), kOptions);
    FaultyFiles files;
    files.fail_from(change, "No space left on device");
    {
      Plugin plugin(host.table(), {&files});
      if (plugin.open() == TENON_OK) {
        REQUIRE(change > 15);
        return;
      }
      INFO(plugin.outcome.message());
      REQUIRE(plugin.outcome.error == TENON_ERROR_NO_SPACE);
    }
    std::mt19937_64 generator(change);
    files.lose_power(generator);
    Plugin plugin(host.table());
    const tenon_error error = plugin.open();
    INFO(plugin.outcome.message());
    REQUIRE(error == TENON_OK);
    REQUIRE(plugin.found.last_index == 0);
    REQUIRE_FALSE(std::filesystem::exists(directory.path() + "/log.new"));
  }
  FAIL("birth never came to its end");
}

TEST_CASE("after a failed write or sync the host is told once, and nothing is reported or tried again") {
  const std::string full = "No space left on device";
  for (const auto& [reason, code] :
       {std::pair{std::string("Input/output error"), TENON_ERROR_IO}, {full, TENON_ERROR_NO_SPACE}}) {
    for (const bool only_a_sync : {true, false}) {
      CAPTURE(reason, only_a_sync);
      const TemporaryDirectory directory;
      const FakeHost host(directory.path(), kOptions);
      FaultyFiles files;
      Plugin plugin(host.table(), {&files});
      REQUIRE(plugin.open() == TENON_OK);
      plugin.append(1, "before");
      REQUIRE(plugin.storage_host.wait_durable(1));
      only_a_sync ? files.fail_next_sync(reason) : files.fail_from(1, reason);
      plugin.append(2, "lost");
      while (!host.failure()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      CHECK(host.failure()->error == code);
      const std::uint64_t changes = files.changes();
      plugin.append(3, "later");
      plugin.read(4, 1, 2);
      CHECK(plugin.storage_host.wait_read(4)->error == TENON_ERROR_IO);
      plugin.close();
      CHECK(plugin.storage_host.durable_sequence() == 1);
      CHECK(files.changes() == changes);
    }
  }
}

TEST_CASE("a failure in the background, or of an image, ends the storage without another write") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  FaultyFiles files;
  Plugin plugin(host.table(), {&files});
  REQUIRE(plugin.open() == TENON_OK);
  auto image = ImageHandle::create(plugin, 7, 1);
  REQUIRE(image.write(0, "some") == TENON_OK);
  files.fail_next_sync("Input/output error");
  CHECK(image.commit() == TENON_ERROR_IO);
  REQUIRE(host.failure());
  CHECK(host.failure()->error == TENON_ERROR_IO);
  image.close();
  plugin.append(1, "never");
  plugin.close();
  CHECK(plugin.storage_host.durable_sequence() == 0);
}

}  // namespace
}  // namespace tenon::leveldb_storage::test
