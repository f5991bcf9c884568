// SPDX-License-Identifier: MIT
#include "leveldb_storage/leveldb_storage.hpp"

#include "fixture.hpp"

namespace tenon::leveldb_storage::test {
namespace {

TEST_CASE("what was acknowledged is there after a close and a reopen") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Incarnation incarnation;
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    CHECK(plugin.found.first_index == 1);
    CHECK(plugin.found.last_index == 0);
    CHECK(plugin.found.hard_state.size == 0);
    std::copy_n(plugin.found.incarnation, incarnation.size(), incarnation.begin());
    CHECK(incarnation != Incarnation{});
    OwnedWrite vote;
    plugin.write(vote.hard_state("term 1").append(1, 1, "a").view(1));
    REQUIRE(plugin.storage_host.wait_durable(1));
    plugin.append(2, "b");
    plugin.close();
    CHECK(plugin.storage_host.durable_sequence() == 2);
  }
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(tenon::view(plugin.found.hard_state) == "term 1");
  CHECK(std::equal(incarnation.begin(), incarnation.end(), plugin.found.incarnation));
  CHECK(plugin.entries(1, 3) == std::vector<EntryCopy>{{1, 1, "a"}, {2, 1, "b"}});
}

TEST_CASE("a new directory is born with the incarnation that the host hands over, and keeps it") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  for (const int handed_over : {0xa1, 0xb2, 0x00}) {
    Plugin plugin(host.table());
    std::fill(std::begin(plugin.found.incarnation), std::end(plugin.found.incarnation),
              static_cast<std::uint8_t>(handed_over));
    REQUIRE(plugin.open() == TENON_OK);
    for (const std::uint8_t byte : plugin.found.incarnation) CHECK(byte == 0xa1);
  }
}

TEST_CASE("a random stream of writes is read back and found again after each reopen") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  std::mt19937_64 generator(5);
  LogModel model;
  std::vector<LogModel> states;
  for (int round = 0; round < 20; ++round) {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    REQUIRE(plugin.content() == model);
    std::deque<std::unique_ptr<OwnedWrite>> writes;
    for (std::uint64_t sequence = 1; sequence <= 60; ++sequence) {
      writes.push_back(random_write(model, generator, 2000));
      writes.back()->apply(model, states);
      plugin.write(writes.back()->view(sequence));
      if (model.entries.empty() || generator() % 4 != 0) continue;
      const std::uint64_t first = model.first + generator() % model.entries.size();
      plugin.read(sequence, first, model.last() + 1, 3000);
      const auto answer = plugin.storage_host.wait_read(sequence);
      REQUIRE(answer);
      REQUIRE(answer->error == TENON_OK);
      std::uint64_t size = 0;
      for (const EntryCopy& entry : answer->entries) {
        REQUIRE(entry.data == model.entries.at(entry.index - model.first).data);
        REQUIRE(entry.term == model.entries.at(entry.index - model.first).term);
        size += entry.data.size();
      }
      CHECK((size <= 3000 || answer->entries.size() == 1));
      CHECK(answer->entries.front().index == first);
    }
    plugin.close();
    REQUIRE(plugin.storage_host.durable_sequence() == 60);
  }
  CHECK_FALSE(host.failure());
}

TEST_CASE("reads see their place in the stream: what was written before them, and nothing that came later") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  plugin.append(1, "old 1");
  plugin.append(2, "old 2");
  plugin.append(3, "old 3");
  std::deque<OwnedWrite> later;
  plugin.read(1, 1, 4);
  plugin.write(later.emplace_back().truncate(2).append(2, 2, "new 2").view(4));
  plugin.read(2, 1, 3);
  plugin.write(later.emplace_back().compact(1).append(3, 2, "new 3").view(5));
  plugin.read(3, 2, 4);
  plugin.write(later.emplace_back().compact(100).view(6));
  plugin.write(later.emplace_back().append(101, 3, "far").view(7));
  plugin.read(4, 101, 102);
  CHECK(plugin.storage_host.wait_read(1)->entries ==
        std::vector<EntryCopy>{{1, 1, "old 1"}, {2, 1, "old 2"}, {3, 1, "old 3"}});
  CHECK(plugin.storage_host.wait_read(2)->entries == std::vector<EntryCopy>{{1, 1, "old 1"}, {2, 2, "new 2"}});
  CHECK(plugin.storage_host.wait_read(3)->entries == std::vector<EntryCopy>{{2, 2, "new 2"}, {3, 2, "new 3"}});
  CHECK(plugin.storage_host.wait_read(4)->entries == std::vector<EntryCopy>{{101, 3, "far"}});
}

TEST_CASE("entries are read as far as the bytes reach, and one at least") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  for (std::uint64_t index = 1; index <= 4; ++index) plugin.append(index, std::string(1000, 'x'));
  REQUIRE(plugin.storage_host.wait_durable(4));
  plugin.read(1, 1, 5, 1);
  plugin.read(2, 1, 5, 2999);
  plugin.read(3, 2, 5, 3000);
  CHECK(plugin.storage_host.wait_read(1)->entries.size() == 1);
  CHECK(plugin.storage_host.wait_read(2)->entries.size() == 2);
  CHECK(plugin.storage_host.wait_read(3)->entries.size() == 3);
}

TEST_CASE("compacted entries leave the database, also those that a restart finds") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    for (std::uint64_t index = 1; index <= 20000; ++index) plugin.append(index, std::string(2000, 'x'));
    REQUIRE(plugin.storage_host.wait_durable(20000));
  }
  const auto bytes_of = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(directory.path())) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
  };
  REQUIRE(bytes_of() > 40'000'000);
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  OwnedWrite compaction;
  plugin.write(compaction.compact(19999).view(1));
  REQUIRE(plugin.storage_host.wait_durable(1));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  constexpr auto kLeft = LevelDbStorage::kRemovedBytesMax + 4'000'000;
  while (bytes_of() > kLeft && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(bytes_of() <= kLeft);
  CHECK(plugin.entries(20000, 20001).front().data == std::string(2000, 'x'));
}

TEST_CASE("options that no database can have are refused with what is allowed") {
  for (const auto& [name, value, part] : {std::array{"write_buffer_bytes", "1KiB", "at least 65536"},
                                          std::array{"open_files_max", "3", "from 74 to 50000"},
                                          std::array{"space_reserve_bytes", "much", "a size such as 64MiB"}}) {
    auto options = kOptions;
    options[name] = value;
    const FakeHost host("/nonexistent", options);
    Plugin plugin(host.table());
    CHECK(plugin.outcome.error == TENON_ERROR_INVALID);
    CHECK_THAT(plugin.outcome.message(), Catch::Contains(name) && Catch::Contains(part));
  }
}

}  // namespace
}  // namespace tenon::leveldb_storage::test
