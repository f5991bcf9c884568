// SPDX-License-Identifier: MIT
// The disk that the simulator and the tests of power cuts run on does what its header says.
#include <optional>
#include <string>

#include "support/catch.hpp"
#include "support/memory_file_system.hpp"
#include "tenon/host.hpp"

namespace tenon::filewal {
namespace {

using support::DiskCall;
using support::MemoryFileSystem;
using support::PowerLoss;

void put(File& file, std::uint64_t offset, std::string_view bytes) { file.write(offset, std::span(&bytes, 1)); }

std::string read_all(MemoryFileSystem& disk) { return disk.contents().at("file"); }

// A file of 4 durable sectors of 'a'.
void fill(MemoryFileSystem& disk) {
  const auto file = disk.open("file", OpenMode::replace);
  put(*file, 0, std::string(4 * MemoryFileSystem::kSectorBytes, 'a'));
  file->sync();
  disk.sync_directory();
}

TEST_CASE("a loss of power that keeps nothing leaves what was synced") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    MemoryFileSystem disk(seed);
    fill(disk);
    put(*disk.open("file", OpenMode::existing), 0, "new");
    disk.open("other", OpenMode::replace);
    disk.lose_power({PowerLoss::Keeps::nothing, false});
    CHECK(read_all(disk) == std::string(4 * MemoryFileSystem::kSectorBytes, 'a'));
    CHECK(disk.list() == std::vector<std::string>{"file"});
  }
}

TEST_CASE("a loss of power that keeps a prefix never keeps a write without those before it, of whichever file") {
  bool has_kept_some = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryFileSystem disk(seed);
    fill(disk);
    const auto first = disk.open("file", OpenMode::existing);
    const auto second = disk.open("second", OpenMode::replace);
    disk.sync_directory();
    put(*first, 0, "1");
    put(*second, 0, "2");
    put(*first, 1, "3");
    disk.lose_power({PowerLoss::Keeps::prefix, true});
    const std::string kept = read_all(disk).substr(0, 2);
    const std::string other = disk.contents().at("second");
    CHECK((kept == "aa" || kept == "1a" || kept == "13"));
    if (!other.empty()) CHECK(kept[0] == '1');
    if (kept == "13") CHECK(other == "2");
    has_kept_some = has_kept_some || (kept == "1a" && !other.empty());
  }
  CHECK(has_kept_some);
}

TEST_CASE("only where sectors are torn does a part of one become new") {
  const auto tears = [](bool tears_sectors) {
    bool has_torn = false;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      MemoryFileSystem disk(seed);
      fill(disk);
      put(*disk.open("file", OpenMode::existing), 0, std::string(2 * MemoryFileSystem::kSectorBytes, 'b'));
      disk.lose_power({PowerLoss::Keeps::any, tears_sectors});
      const std::string kept = read_all(disk);
      for (std::size_t at = 0; at < kept.size(); at += MemoryFileSystem::kSectorBytes) {
        const std::string sector = kept.substr(at, MemoryFileSystem::kSectorBytes);
        has_torn = has_torn || sector.find_first_not_of(sector.front()) != std::string::npos;
      }
    }
    return has_torn;
  };
  CHECK_FALSE(tears(false));
  CHECK(tears(true));
}

TEST_CASE("a sync that fails may forget that the bytes which reads still see are not durable") {
  bool has_forgotten = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryFileSystem disk(seed);
    fill(disk);
    const auto file = disk.open("file", OpenMode::existing);
    put(*file, 0, "b");
    bool fails = true;
    disk.set_faults([&](DiskCall call, std::string_view) -> std::optional<tenon_error> {
      return call == DiskCall::sync && std::exchange(fails, false) ? std::optional(TENON_ERROR_IO) : std::nullopt;
    });
    CHECK_THROWS_AS(file->sync(), Error);
    CHECK(read_all(disk).front() == 'b');
    file->sync();
    disk.lose_power({PowerLoss::Keeps::nothing, false});
    has_forgotten = has_forgotten || read_all(disk).front() == 'a';
  }
  CHECK(has_forgotten);
}

TEST_CASE("a write beyond the end of a file is told from one within it") {
  MemoryFileSystem disk(1);
  fill(disk);
  const auto file = disk.open("file", OpenMode::existing);
  disk.set_faults([](DiskCall call, std::string_view) -> std::optional<tenon_error> {
    return call == DiskCall::grow ? std::optional(TENON_ERROR_NO_SPACE) : std::nullopt;
  });
  put(*file, 0, "b");
  CHECK_THROWS_WITH(put(*file, 4 * MemoryFileSystem::kSectorBytes - 1, "bb"), Catch::Contains("No space left"));
}

TEST_CASE("what the newest sync has made durable is told from what was durable before") {
  MemoryFileSystem disk(1);
  fill(disk);
  CHECK(disk.settled_bytes("file") == 0);
  const auto file = disk.open("file", OpenMode::existing);
  put(*file, 700, "b");
  put(*file, 600, "b");
  CHECK(disk.settled_bytes("file") == 0);
  file->sync();
  CHECK(disk.settled_bytes("file") == 600);
  file->sync();
  CHECK(disk.settled_bytes("file") == 600);
}

TEST_CASE("damage is read at once, and outlives a loss of power") {
  MemoryFileSystem disk(1);
  fill(disk);
  disk.damage("file", 5, "xy");
  CHECK(read_all(disk).substr(4, 4) == "axya");
  disk.lose_power();
  CHECK(read_all(disk).substr(4, 4) == "axya");
}

}  // namespace
}  // namespace tenon::filewal
