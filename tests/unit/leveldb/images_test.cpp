// SPDX-License-Identifier: MIT
#include "fixture.hpp"
#include "image_store.hpp"

namespace tenon::leveldb_storage::test {
namespace {

std::string bytes_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

TEST_CASE("an image is committed, found after a restart, and read from anywhere") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  const std::string content = bytes_of(3'000'000, 1);
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    CHECK(ImageHandle::newest(plugin).outcome.error == TENON_ERROR_NOT_FOUND);
    auto image = ImageHandle::create(plugin, 10, 1);
    CHECK(image.image.size == 0);
    for (std::size_t at = 0; at < content.size(); at += 700'000) {
      REQUIRE(image.write(at, std::string_view(content).substr(at, 700'000)) == TENON_OK);
    }
    REQUIRE(image.commit() == TENON_OK);
  }
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  auto image = ImageHandle::newest(plugin);
  CHECK(image.image.index == 10);
  CHECK(image.image.size == content.size());
  CHECK(image.image.id[15] == 1);
  CHECK(image.read(0, content.size() + 1) == content);
  for (const std::size_t offset : {std::size_t{0}, ImageStore::kPieceBytesMax - 1, ImageStore::kPieceBytesMax,
                                   std::size_t{699'999}, content.size() - 5}) {
    CHECK(image.read(offset, 10) == content.substr(offset, 10));
  }
  CHECK(image.read(content.size(), 10).empty());
}

TEST_CASE("an unfinished image is gone on with after a restart, and a write drops what stood behind its offset") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  std::string model;
  std::mt19937_64 generator(2);
  for (int round = 0; round < 10; ++round) {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    auto image = ImageHandle::create(plugin, 10, 1);
    REQUIRE(image.outcome.error == TENON_OK);
    REQUIRE(image.image.size == model.size());
    for (int write = 0; write < 10; ++write) {
      const std::size_t offset = generator() % 2 == 0 ? model.size() : generator() % (model.size() + 1);
      const std::string data = bytes_of(generator() % 400'000, generator());
      REQUIRE(image.write(offset, data) == TENON_OK);
      model = model.substr(0, offset) + data;
      REQUIRE(image.read(0, model.size() + 1) == model);
    }
  }
}

TEST_CASE("another unfinished image that nobody has open goes when one is begun") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  auto open_elsewhere = ImageHandle::create(plugin, 5, 5);
  REQUIRE(open_elsewhere.write(0, "kept") == TENON_OK);
  {
    auto dropped = ImageHandle::create(plugin, 10, 1);
    REQUIRE(dropped.write(0, "dropped") == TENON_OK);
    CHECK(ImageHandle::create(plugin, 10, 1).outcome.error == TENON_ERROR_BUSY);
  }
  CHECK(ImageHandle::create(plugin, 11, 2).image.size == 0);
  CHECK(ImageHandle::create(plugin, 10, 1).image.size == 0);
  open_elsewhere.close();
  CHECK(ImageHandle::create(plugin, 5, 5).image.size == 4);
}

TEST_CASE("an image that is not newer than the newest cannot be committed, and nothing changes") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  auto newer = ImageHandle::create(plugin, 10, 1);
  auto older = ImageHandle::create(plugin, 9, 2);
  auto equal = ImageHandle::create(plugin, 10, 3);
  REQUIRE(older.write(0, "old") == TENON_OK);
  REQUIRE(newer.write(0, "new") == TENON_OK);
  REQUIRE(newer.commit() == TENON_OK);
  CHECK(older.commit() == TENON_ERROR_INVALID);
  CHECK(equal.commit() == TENON_ERROR_INVALID);
  CHECK(ImageHandle::newest(plugin).read(0, 10) == "new");
  CHECK_FALSE(host.failure());
}

TEST_CASE("an image is read to its end while newer ones are committed, and its room is given back afterwards") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  const auto commit = [&](std::uint8_t index, const std::string& content) {
    auto image = ImageHandle::create(plugin, index, index);
    for (std::size_t at = 0; at < content.size(); at += 1 << 20) {
      REQUIRE(image.write(at, std::string_view(content).substr(at, 1 << 20)) == TENON_OK);
    }
    REQUIRE(image.commit() == TENON_OK);
  };
  const std::string first = bytes_of(30 << 20, 1);
  commit(1, first);
  auto reader = ImageHandle::newest(plugin);
  commit(2, "second");
  commit(3, "third");
  std::this_thread::sleep_for(LevelDbStorage::kHousekeepingInterval * 2);
  CHECK(reader.read(0, first.size()) == first);
  reader.close();
  const auto room = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory.path() + "/images")) {
      std::error_code gone;
      const std::uintmax_t size = file.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (room() > (1 << 20) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(room() <= (1 << 20));
  CHECK(ImageHandle::newest(plugin).read(0, 10) == "third");
  CHECK_FALSE(host.failure());
}

TEST_CASE("a disk that runs short is reported, refuses images before they touch it, and is enough again by itself") {
  const TemporaryDirectory directory;
  auto options = kOptions;
  options["space_reserve_bytes"] = "100MiB";
  const FakeHost host(directory.path(), options);
  std::atomic<std::uint64_t> free{std::uint64_t{1} << 40};
  Plugin plugin(host.table(), {nullptr, [&](const std::string&) { return free.load(); }});
  REQUIRE(plugin.open() == TENON_OK);
  auto image = ImageHandle::create(plugin, 1, 1);
  REQUIRE(image.write(0, "with room") == TENON_OK);
  CHECK(plugin.storage_host.log_space() == LogSpace::enough);
  free = 99 << 20;
  CHECK(plugin.storage_host.wait_space(LogSpace::running_short));
  CHECK(image.write(9, " still") == TENON_OK);
  free = 49 << 20;
  CHECK(image.write(15, "refused") == TENON_ERROR_NO_SPACE);
  CHECK_THAT(image.outcome.message(), Catch::Contains("no room for an image"));
  plugin.append(1, "the log goes on");
  CHECK(plugin.storage_host.wait_durable(1));
  free = 124 << 20;
  std::this_thread::sleep_for(LevelDbStorage::kHousekeepingInterval * 2);
  CHECK(plugin.storage_host.log_space() == LogSpace::running_short);
  free = 126 << 20;
  CHECK(plugin.storage_host.wait_space(LogSpace::enough));
  CHECK_FALSE(host.failure());
}

}  // namespace
}  // namespace tenon::leveldb_storage::test
