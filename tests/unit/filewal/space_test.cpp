// SPDX-License-Identifier: MIT
// A disk whose room runs short, as the host of the plugin sees it.
#include <algorithm>

#include "faulty_file_system.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;
using testing::FakeHost;

TEST_CASE("room that runs short is reported, writes go on, and so is that there is room again") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  Plugin plugin(host.table(), faulty);
  REQUIRE(plugin.open() == TENON_OK);
  faulty.fail_change(faulty.counts().changes + 3, TENON_ERROR_NO_SPACE);  // after the write and its sync
  plugin.append(1, std::string(300'000, 'x'));
  REQUIRE(plugin.storage_host.wait_space(LogSpace::running_short));
  plugin.append(2, "in the room that is left");
  CHECK(plugin.storage_host.wait_durable(2));
  CHECK(plugin.storage_host.wait_space(LogSpace::enough));
  CHECK_FALSE(host.failure().has_value());
}

TEST_CASE("a segment for which there is room after all ends the shortage") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem faulty(disk);
  Plugin plugin(host.table(), faulty);
  REQUIRE(plugin.open() == TENON_OK);
  faulty.fail_change(faulty.counts().changes + 3, TENON_ERROR_NO_SPACE);
  plugin.append(1, std::string(300'000, 'x'));
  REQUIRE(plugin.storage_host.wait_space(LogSpace::running_short));
  plugin.append(2, std::string(900'000, 'x'));  // does not fit into the rest of the first one
  CHECK(plugin.storage_host.wait_durable(2));
  CHECK(plugin.storage_host.wait_space(LogSpace::enough));
  const std::vector<std::string> names = disk.list();
  CHECK(std::count(names.begin(), names.end(), "00000000000000000002.wal") == 1);
}

}  // namespace
}  // namespace tenon::filewal::test
