// SPDX-License-Identifier: MIT
#include "faulty_file_system.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"
#include "tenon/crc32c.hpp"

namespace tenon::filewal::test {
namespace {

using Contents = support::MemoryFileSystem::Contents;
using support::MemoryFileSystem;

Contents directory_with_an_entry() {
  MemoryFileSystem disk(3);
  OpenedLog opened(disk);
  OwnedWrite write;
  opened.log.stage(write.append(1, 1, "a").view(1));
  opened.log.close();
  return disk.contents();
}

// The stamp of another version, plugin, cluster or node, as docs/formats.md has it.
std::string stamp(std::uint32_t format, std::string_view plugin, std::string_view cluster, std::uint64_t node) {
  std::string encoded;
  ByteWriter writer(encoded);
  writer.raw("TENONSTP");
  writer.u32(format);
  writer.block(plugin);
  writer.block(cluster);
  writer.u64(node);
  writer.raw(std::string(16, 'i'));
  writer.u32(crc32c(encoded));
  return encoded;
}

tenon_error refusal_with_stamp(const std::string& encoded, std::string& message) {
  Contents files = directory_with_an_entry();
  files["stamp"] = encoded;
  const tenon_error code = refusal_of(files, &message);
  CHECK(message.size() < sizeof(tenon_detail::message));
  return code;
}

bool says(const std::string& message, std::string_view part) { return message.find(part) != std::string::npos; }

TEST_CASE("a directory of another plugin is refused") {
  std::string message;
  CHECK(refusal_with_stamp(stamp(1, "org.example.other", "test-cluster", 7), message) == TENON_ERROR_INVALID);
  CHECK(says(message, "written by the storage plugin org.example.other"));
  CHECK(says(message, "choose that plugin"));
}

TEST_CASE("a directory of another cluster is refused") {
  std::string message;
  CHECK(refusal_with_stamp(stamp(1, "dev.tenon.storage.filewal", "production", 7), message) == TENON_ERROR_INVALID);
  CHECK(says(message, "belongs to cluster 'production', the config says 'test-cluster'; correct cluster.id"));
}

TEST_CASE("a directory of another node is refused") {
  std::string message;
  CHECK(refusal_with_stamp(stamp(1, "dev.tenon.storage.filewal", "test-cluster", 8), message) == TENON_ERROR_INVALID);
  CHECK(says(message, "belongs to node 8, the config says 7; correct node.id"));
}

TEST_CASE("a directory of a newer format is refused") {
  std::string message;
  CHECK(refusal_with_stamp(stamp(2, "dev.tenon.storage.filewal", "test-cluster", 7), message) ==
        TENON_ERROR_UNSUPPORTED);
  CHECK(says(message, " has format 2, this version reads up to 1; start the newer version"));
}

TEST_CASE("segments that are missing, or that no log of this server can have, are refused by name") {
  const auto message_of = [](const std::string& renamed) {
    Contents files = directory_with_an_entry();
    files[renamed] = files["00000000000000000001.wal"];
    std::string message;
    CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
    return message;
  };
  CHECK(says(message_of("00000000000000000003.wal"), "00000000000000000002.wal is missing"));
  CHECK(says(message_of("00000000000000000002.wal"),
             "00000000000000000002.wal is damaged at offset 0: this is segment 1"));
  for (const char* name : {"2.wal", "0000000000000000000x.wal", "00000000000000000000.wal"}) {
    CHECK(says(message_of(name), std::string(name) + ": found a segment of a log without a number"));
  }
}

TEST_CASE("a flipped bit in the stamp is refused, wherever it is") {
  const Contents files = directory_with_an_entry();
  for (std::size_t bit = 0; bit < 8 * files.at("stamp").size(); ++bit) {
    CAPTURE(bit);
    Contents damaged = files;
    char& byte = damaged["stamp"][bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    REQUIRE(refusal_of(damaged) == TENON_ERROR_CORRUPT);
  }
}

TEST_CASE("a stamp that was cut or is far too long is refused") {
  Contents files = directory_with_an_entry();
  const std::string whole = files.at("stamp");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    files["stamp"] = whole.substr(0, size);
    REQUIRE(refusal_of(files) == TENON_ERROR_CORRUPT);
  }
  files["stamp"] = whole + std::string(5000, 'x');
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("a log whose stamp was lost is not taken for a new directory") {
  Contents files = directory_with_an_entry();
  files.erase("stamp");
  std::string message;
  CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
  CHECK(says(message, "the stamp was lost"));
}

TEST_CASE("a hard state whose stamp was lost is not taken for a new directory") {
  MemoryFileSystem disk(3);
  {
    OpenedLog opened(disk);
    OwnedWrite write;
    opened.log.stage(write.hard_state("vote").view(1));
    opened.log.sync();
  }
  Contents files = disk.contents();
  files.erase("stamp");
  CHECK(refusal_of(files) == TENON_ERROR_CORRUPT);
}

TEST_CASE("a missing segment or hard state is refused") {
  for (const char* name : {"00000000000000000001.wal", "hard_state"}) {
    Contents files = directory_with_an_entry();
    files.erase(name);
    std::string message;
    CHECK(refusal_of(files, &message) == TENON_ERROR_CORRUPT);
    CHECK(says(message, std::string(name) + " is missing"));
  }
}

TEST_CASE("a birth that is interrupted at any call is completed by the next start") {
  for (std::uint64_t call = 1; call < 40; ++call) {
    CAPTURE(call);
    MemoryFileSystem disk(call);
    FaultyFileSystem faulty(disk);
    faulty.fail_change(call, TENON_ERROR_NO_SPACE);
    try {
      OpenedLog opened(faulty);
      REQUIRE_FALSE(faulty.has_failed());
      REQUIRE(call > 15);
      return;
    } catch (const Error& error) {
      REQUIRE(error.code() == TENON_ERROR_NO_SPACE);
    }
    disk.lose_power();
    {
      OpenedLog opened(disk);
      REQUIRE(opened.content() == LogModel{});
    }
    disk.lose_power();
    REQUIRE(OpenedLog(disk).content() == LogModel{});
    for (const std::string& name : disk.list()) REQUIRE_FALSE(name.ends_with(".new"));
  }
  FAIL("birth never came to its end");
}

TEST_CASE("the stamp gets its name when everything else has its own durably") {
  MemoryFileSystem disk(1);
  FaultyFileSystem counting(disk);
  const OpenedLog opened(counting);
  CHECK(counting.trace().find("sync stamp.new;rename 00000000000000000001.wal;rename hard_state;sync directory;"
                              "rename stamp;sync directory;") != std::string::npos);
}

TEST_CASE("a second open of a directory is refused while the first has it, and not afterwards") {
  MemoryFileSystem disk(1);
  {
    OpenedLog opened(disk);
    try {
      OpenedLog second(disk);
      FAIL("the directory was opened twice");
    } catch (const Error& error) {
      CHECK(error.code() == TENON_ERROR_BUSY);
    }
    opened.log.close();
    CHECK_NOTHROW(OpenedLog(disk));
  }
  CHECK_NOTHROW(OpenedLog(disk));
}

TEST_CASE("a cluster id beyond its limit is refused") {
  MemoryFileSystem disk(1);
  CHECK_THROWS_AS(OpenedLog(disk, kSegmentBytesMin, {std::string(1025, 'c'), 1}), Error);
  CHECK(disk.contents().empty());
}

}  // namespace
}  // namespace tenon::filewal::test
