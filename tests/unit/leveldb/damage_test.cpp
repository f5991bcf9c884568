// SPDX-License-Identifier: MIT
// Directories that must be refused: damaged ones, and those of somebody else.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "data_directory.hpp"
#include "fixture.hpp"
#include "format.hpp"
#include "posix.hpp"
#include "write_ahead_log.hpp"

namespace tenon::leveldb_storage::test {
namespace {

using Catch::Contains;

// A directory of node 1 with a hard state and five entries, as a clean close leaves it.
struct Written {
  Written() {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    OwnedWrite vote;
    plugin.write(vote.hard_state("vote").append(1, 1, "entry 1").view(1));
    for (std::uint64_t index = 2; index <= 5; ++index) plugin.append(index, "entry " + std::to_string(index));
    REQUIRE(plugin.storage_host.wait_durable(5));
  }

  // The code of the next start; `message` is what it said.
  tenon_error reopen(const FakeHost& by) {
    Plugin plugin(by.table());
    const tenon_error error = plugin.open();
    message = plugin.outcome.message();
    return error;
  }
  tenon_error reopen() { return reopen(host); }

  std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  // The newest file of the log's database with this ending.
  std::string newest(const std::string& suffix) const {
    std::string found;
    for (const auto& file : std::filesystem::directory_iterator(path(kLogName))) {
      const std::string name = file.path().string();
      if (name.ends_with(suffix) && name > found) found = name;
    }
    REQUIRE_FALSE(found.empty());
    return found;
  }
  // Changes the log behind the plugin's back.
  void change(const std::function<void(leveldb::WriteBatch&)>& body) const {
    leveldb::DB* opened = nullptr;
    REQUIRE(leveldb::DB::Open({}, path(kLogName), &opened).ok());
    const std::unique_ptr<leveldb::DB> database(opened);
    leveldb::WriteBatch batch;
    body(batch);
    REQUIRE(database->Write({}, &batch).ok());
  }

  const TemporaryDirectory directory;
  const FakeHost host{directory.path(), kOptions};
  std::string message;
};

std::string content_of(const std::string& path) { return read_small_file(path, 1 << 20); }

void overwrite(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

TEST_CASE("the directory of another plugin is refused with the command that converts it") {
  Written written;
  Stamp stamp = decode_stamp(content_of(written.path(kStampName)));
  stamp.plugin_id = "dev.tenon.storage.filewal";
  overwrite(written.path(kStampName), encode_stamp(stamp));
  CHECK(written.reopen() == TENON_ERROR_INVALID);
  CHECK_THAT(written.message, Contains("written by the storage plugin dev.tenon.storage.filewal") &&
                                  Contains("tenond storage convert --from filewal:" + written.directory.path() +
                                           " --to leveldb:" + written.directory.path()));
}

TEST_CASE("a newer format, another cluster and another node are refused with what to do") {
  Written written;
  Stamp stamp = decode_stamp(content_of(written.path(kStampName)));
  stamp.format = 2;
  overwrite(written.path(kStampName), encode_stamp(stamp));
  CHECK(written.reopen() == TENON_ERROR_UNSUPPORTED);
  CHECK_THAT(written.message, Contains("has format 2, this version reads up to 1"));
  stamp.format = 1;
  overwrite(written.path(kStampName), encode_stamp(stamp));
  CHECK(written.reopen(FakeHost(written.directory.path(), kOptions, 2)) == TENON_ERROR_INVALID);
  CHECK_THAT(written.message, Contains("belongs to node 1, the config says 2"));
  CHECK(written.reopen(FakeHost(written.directory.path(), kOptions, 1, "another")) == TENON_ERROR_INVALID);
  CHECK_THAT(written.message, Contains("belongs to cluster 'test-cluster', the config says 'another'"));
  CHECK(written.reopen() == TENON_OK);
}

TEST_CASE("a second open of a directory is refused while the first has it") {
  Written written;
  Plugin plugin(written.host.table());
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(written.reopen() == TENON_ERROR_BUSY);
  plugin.close();
  CHECK(written.reopen() == TENON_OK);
}

TEST_CASE("a log whose stamp was lost is not taken for a new directory") {
  Written written;
  std::filesystem::remove(written.path(kStampName));
  CHECK(written.reopen() == TENON_ERROR_CORRUPT);
  CHECK_THAT(written.message, Contains("the stamp was lost"));
  std::filesystem::remove_all(written.path(kLogName));
  CHECK(written.reopen() == TENON_ERROR_CORRUPT);
}

TEST_CASE("a stamp without its databases is refused by name") {
  for (const char* name : {kLogName, kImagesName}) {
    Written written;
    std::filesystem::remove_all(written.path(name));
    CHECK(written.reopen() == TENON_ERROR_CORRUPT);
    CHECK_THAT(written.message, Contains(std::string("/") + name + " is missing"));
  }
}

TEST_CASE("a missing, a damaged and a superfluous entry are refused by index") {
  const auto refusal = [](const std::function<void(leveldb::WriteBatch&)>& change, const std::string& part) {
    Written written;
    written.change(change);
    CHECK(written.reopen() == TENON_ERROR_CORRUPT);
    CHECK_THAT(written.message, Contains(part));
  };
  std::string value;
  encode_entry(6, 1, "x", value);
  refusal([](leveldb::WriteBatch& batch) { batch.Delete(entry_key(3)); }, "entry 3 is missing");
  refusal([](leveldb::WriteBatch& batch) { batch.Delete(entry_key(5)); }, "entry 5 is missing");
  refusal([&](leveldb::WriteBatch& batch) { batch.Put(entry_key(3), value); }, "entry 3 is not what was written");
  refusal([&](leveldb::WriteBatch& batch) { batch.Put(entry_key(6), value); },
          "entry 6 is there, and the log ends at 5");
  refusal([](leveldb::WriteBatch& batch) { batch.Put(std::string(1, kHardStateKey), "vote"); },
          "the hard state is not");
  refusal([](leveldb::WriteBatch& batch) { batch.Delete(std::string(1, kBoundsKey)); }, "first and last index");
}

TEST_CASE("a lost batch, and the database of another directory, are refused") {
  Written written;
  const Incarnation incarnation = decode_stamp(content_of(written.path(kStampName))).incarnation;
  written.change([&](leveldb::WriteBatch& batch) { batch.Put(mark_key(40), encode_mark({40, {}, incarnation})); });
  CHECK(written.reopen() == TENON_ERROR_CORRUPT);
  CHECK_THAT(written.message, Contains("batch 40 follows batch"));
  Written other;
  Written own;
  std::filesystem::remove_all(own.path(kLogName));
  std::filesystem::copy(other.path(kLogName), own.path(kLogName), std::filesystem::copy_options::recursive);
  CHECK(own.reopen() == TENON_ERROR_CORRUPT);
  CHECK_THAT(own.message, Contains("belongs to another data directory"));
}

TEST_CASE("a flipped bit anywhere in the write-ahead log of a clean close is refused, or changes nothing") {
  Written written;
  const std::string file = written.newest(".log");
  const std::string whole = content_of(file);
  const TemporaryDirectory copies;
  const std::string before = copies.path() + "/before";
  std::filesystem::copy(written.directory.path(), before, std::filesystem::copy_options::recursive);
  for (std::size_t bit = 3; bit < 8 * whole.size(); bit += 31) {
    CAPTURE(bit, whole.size());
    std::filesystem::remove_all(written.path(kLogName));
    std::filesystem::copy(before + "/log", written.path(kLogName), std::filesystem::copy_options::recursive);
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    overwrite(file, damaged);
    const tenon_error error = written.reopen();
    INFO(written.message);
    if (error == TENON_OK) {
      // The mark of the close, which holds nothing else, is taken for a torn write.
      REQUIRE(bit / 8 + 80 > whole.size());
      Plugin plugin(written.host.table());
      REQUIRE(plugin.open() == TENON_OK);
      REQUIRE(plugin.content().entries.size() == 5);
      REQUIRE(plugin.content().hard_state == "vote");
    } else {
      REQUIRE(error == TENON_ERROR_CORRUPT);
      REQUIRE_THAT(written.message, Contains("had been synced"));
      REQUIRE(content_of(file) == damaged);
    }
  }
}

TEST_CASE("a table, manifest or CURRENT that is damaged or gone is refused") {
  for (const char* suffix : {".ldb", "CURRENT", "MANIFEST"}) {
    for (const bool is_gone : {true, false}) {
      CAPTURE(suffix, is_gone);
      Written written;
      REQUIRE(written.reopen() == TENON_OK);  // so that the entries go to a table
      std::string file;
      for (const auto& each : std::filesystem::directory_iterator(written.path(kLogName))) {
        const std::string name = each.path().string();
        if (name.find(suffix) != std::string::npos &&
            each.file_size() > std::filesystem::file_size(file.empty() ? name : file) - 1)
          file = name;
      }
      REQUIRE_FALSE(file.empty());
      std::string content = content_of(file);
      content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 4);
      is_gone ? static_cast<void>(std::filesystem::remove(file)) : overwrite(file, content);
      const tenon_error error = written.reopen();
      INFO(written.message);
      REQUIRE(error != TENON_OK);
      REQUIRE((error == TENON_ERROR_CORRUPT || error == TENON_ERROR_IO || error == TENON_ERROR_INTERNAL));
    }
  }
}

TEST_CASE("a torn write is cut off with a warning, and kept for inspection") {
  const TemporaryDirectory directory;
  const TemporaryDirectory copies;
  const FakeHost host(directory.path(), kOptions);
  const std::string copy = copies.path() + "/copy";
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    plugin.append(1, "whole");
    REQUIRE(plugin.storage_host.wait_durable(1));
    plugin.append(2, std::string(40000, 'x'));
    REQUIRE(plugin.storage_host.wait_durable(2));
    std::filesystem::copy(directory.path(), copy, std::filesystem::copy_options::recursive);
  }
  std::string log;
  for (const auto& file : std::filesystem::directory_iterator(copy + "/log")) {
    if (file.path().extension() == ".log" && file.file_size() > 0) log = file.path().string();
  }
  const std::string whole = content_of(log);
  const FakeHost copy_host(copy, kOptions);
  overwrite(log, whole.substr(0, whole.size() - 1));
  Plugin plugin(copy_host.table());
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(plugin.found.last_index == 1);
  CHECK(copy_host.logged("a crash cut the last write short"));
  bool is_kept = false;
  for (const auto& file : std::filesystem::directory_iterator(copy + "/log")) {
    is_kept |= file.path().extension() == ".torn" && file.file_size() > 39000;
  }
  CHECK(is_kept);
}

}  // namespace
}  // namespace tenon::leveldb_storage::test
