// SPDX-License-Identifier: MIT
#include "memory_storage/memory_storage.hpp"

#include <fstream>

#include "log_model.hpp"
#include "support/catch.hpp"
#include "support/storage_plugin.hpp"
#include "temporary_directory.hpp"
#include "tenon/stamp.hpp"

extern "C" const tenon_plugin tenon_static_plugin_memory;

namespace tenon::memory_storage::test {
namespace {

using filewal::test::LogModel;
using filewal::test::OwnedWrite;
using filewal::test::random_write;
using support::ImageHandle;
using support::StoragePlugin;
using testing::EntryCopy;
using testing::FakeHost;

class Plugin : public StoragePlugin {
 public:
  explicit Plugin(const FakeHost& host) : StoragePlugin(tenon_static_plugin_memory, host.table()) {}
};

const std::map<std::string, std::string> kOptions = {{"bytes_max", "1MiB"}};

TEST_CASE("each start is a birth: nothing is there, under an incarnation of its own or the one handed over") {
  const FakeHost host("/nonexistent", kOptions);
  std::vector<Incarnation> seen;
  for (int start = 0; start < 2; ++start) {
    Plugin plugin(host);
    REQUIRE(plugin.open() == TENON_OK);
    CHECK(plugin.found.first_index == 1);
    CHECK(plugin.found.last_index == 0);
    CHECK(plugin.found.hard_state.size == 0);
    std::copy_n(plugin.found.incarnation, 16, seen.emplace_back().begin());
    OwnedWrite write;
    plugin.write(write.hard_state("vote").append(1, 1, "a").view(1));
    CHECK(plugin.storage_host.durable_sequence() == 1);
  }
  CHECK(seen[0] != seen[1]);
  CHECK(seen[0] != Incarnation{});
  Plugin plugin(host);
  std::fill(std::begin(plugin.found.incarnation), std::end(plugin.found.incarnation), std::uint8_t{7});
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(plugin.found.incarnation[15] == 7);
}

TEST_CASE("a random stream of writes is read back") {
  const FakeHost host("/nonexistent", {{"bytes_max", "64MiB"}});
  Plugin plugin(host);
  REQUIRE(plugin.open() == TENON_OK);
  std::mt19937_64 generator(3);
  LogModel model;
  std::vector<LogModel> states;
  for (std::uint64_t sequence = 1; sequence <= 1000; ++sequence) {
    const std::unique_ptr<OwnedWrite> write = random_write(model, generator, 300);
    write->apply(model, states);
    plugin.write(write->view(sequence));
    REQUIRE(plugin.storage_host.durable_sequence() == sequence);
    const std::vector<EntryCopy> found = plugin.entries(model.first, model.last() + 1);
    REQUIRE(found.size() == model.entries.size());
    for (const EntryCopy& entry : found) {
      REQUIRE(entry.data == model.entries.at(entry.index - model.first).data);
      REQUIRE(entry.term == model.entries.at(entry.index - model.first).term);
    }
  }
}

TEST_CASE("entries that were read stay readable when the log drops them") {
  const FakeHost host("/nonexistent", kOptions);
  Plugin plugin(host);
  struct Kept {
    std::vector<tenon_entry> entries;
    tenon_loan loan = {};
  } kept;
  tenon_storage_host keeping = *plugin.storage_host.table();
  keeping.context = &kept;
  keeping.durable = [](const tenon_storage_host*, std::uint64_t) {};
  keeping.read_done = [](const tenon_storage_host* self, std::uint64_t, tenon_error, const tenon_entry* entries,
                         std::uint64_t count, tenon_loan loan) {
    auto* const to = static_cast<Kept*>(self->context);
    to->entries.assign(entries, entries + count);
    to->loan = loan;
  };
  tenon_recovered found = {.struct_size = sizeof found};
  REQUIRE(plugin.table().open(plugin.self(), &keeping, &found, nullptr) == TENON_OK);
  OwnedWrite write;
  OwnedWrite compaction;
  plugin.write(write.append(1, 1, "still there").view(1));
  plugin.read(1, 1, 2);
  plugin.write(compaction.compact(1).view(2));
  CHECK(view(kept.entries.at(0).data) == "still there");
  give_back(kept.loan);
  plugin.table().close(plugin.self());
}

TEST_CASE("a log that fills its bytes is short of space, and enough is free again once it is compacted") {
  const FakeHost host("/nonexistent", kOptions);
  Plugin plugin(host);
  REQUIRE(plugin.open() == TENON_OK);
  std::deque<OwnedWrite> writes;
  std::uint64_t index = 0;
  while (plugin.storage_host.log_space() == LogSpace::enough) {
    ++index;
    plugin.write(writes.emplace_back().append(index, 1, std::string(10000, 'x')).view(index));
    REQUIRE(index < 200);
  }
  CHECK(index > 70);
  CHECK_FALSE(host.failure());
  CHECK(host.metric("log_bytes").value_or(0) > 700000);
  plugin.write(writes.emplace_back().compact(index).view(index + 1));
  CHECK(plugin.storage_host.log_space() == LogSpace::enough);
}

TEST_CASE("a log beyond its bytes fails the storage: no write is reported from then on") {
  const FakeHost host("/nonexistent", kOptions);
  Plugin plugin(host);
  REQUIRE(plugin.open() == TENON_OK);
  std::deque<OwnedWrite> writes;
  plugin.write(writes.emplace_back().append(1, 1, "small").view(1));
  plugin.write(writes.emplace_back().append(2, 1, std::string(2 << 20, 'x')).view(2));
  plugin.write(writes.emplace_back().truncate(2).view(3));
  CHECK(plugin.storage_host.durable_sequence() == 1);
  REQUIRE(host.failure());
  CHECK(host.failure()->error == TENON_ERROR_NO_SPACE);
  CHECK_THAT(host.failure()->message, Catch::Contains("bytes_max"));
  plugin.read(5, 1, 2);
  CHECK(plugin.storage_host.wait_read(5)->error == TENON_ERROR_IO);
}

TEST_CASE("an image is gone on with, committed once, and read while a newer one is committed") {
  const FakeHost host("/nonexistent", kOptions);
  Plugin plugin(host);
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(ImageHandle::newest(plugin).outcome.error == TENON_ERROR_NOT_FOUND);
  {
    auto begun = ImageHandle::create(plugin, 10, 1);
    CHECK(begun.write(0, "0123456789") == TENON_OK);
    CHECK(ImageHandle::create(plugin, 10, 1).outcome.error == TENON_ERROR_BUSY);
  }
  auto first = ImageHandle::create(plugin, 10, 1);
  CHECK(first.image.size == 10);
  CHECK(first.write(4, "abc") == TENON_OK);
  CHECK(first.commit() == TENON_OK);
  first.close();
  auto reader = ImageHandle::newest(plugin);
  auto second = ImageHandle::create(plugin, 20, 2);
  CHECK(second.write(0, "new") == TENON_OK);
  CHECK(second.commit() == TENON_OK);
  second.close();
  CHECK(reader.read(0, 100) == "0123abc");
  CHECK(reader.read(5, 1) == "b");
  CHECK(reader.read(7, 1).empty());
  CHECK(ImageHandle::newest(plugin).image.index == 20);
  auto older = ImageHandle::create(plugin, 20, 3);
  CHECK(older.commit() == TENON_ERROR_INVALID);
}

TEST_CASE("an unfinished image goes when another is begun, and gives its bytes back") {
  const FakeHost host("/nonexistent", kOptions);
  Plugin plugin(host);
  REQUIRE(plugin.open() == TENON_OK);
  const std::string most(900 << 10, 'x');
  for (std::uint8_t id = 1; id < 5; ++id) {
    auto image = ImageHandle::create(plugin, id, id);
    REQUIRE(image.write(0, most) == TENON_OK);
    CHECK(image.write(most.size(), most) == TENON_ERROR_NO_SPACE);
  }
  CHECK(ImageHandle::create(plugin, 1, 1).image.size == 0);
}

TEST_CASE("the directory of a storage that keeps its log is refused, and left as it is") {
  const filewal::test::TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  std::ofstream(directory.path() + "/stamp", std::ios::binary)
      << encode_stamp({1, "dev.tenon.storage.filewal", "test-cluster", 1, {}});
  Plugin plugin(host);
  CHECK(plugin.open() == TENON_ERROR_INVALID);
  CHECK_THAT(plugin.outcome.message(), Catch::Contains("tenond storage convert --from filewal:" + directory.path()));
}

TEST_CASE("bytes_max without a size is refused") {
  const FakeHost host("/nonexistent", {{"bytes_max", "lots"}});
  const Plugin plugin(host);
  CHECK(plugin.outcome.error == TENON_ERROR_INVALID);
  CHECK_THAT(plugin.outcome.message(), Catch::Contains("bytes_max is 'lots', expected a size such as 1GiB"));
}

}  // namespace
}  // namespace tenon::memory_storage::test
