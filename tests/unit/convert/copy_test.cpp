// SPDX-License-Identifier: MIT
#include "convert/copy.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/memory_storage.hpp"

namespace tenon::server {
namespace {

using support::MemoryStorage;

std::optional<std::string> works() { return std::nullopt; }

StorageEnd opened(MemoryStorage& storage, const Incarnation& birth = {}) {
  return StorageEnd({storage.table(), storage.self()}, birth, works);
}

constexpr Incarnation kIncarnation = {1, 2, 3};

// Of a node whose log begins behind index 40 and whose image ends at 57.
void fill(MemoryStorage& storage, std::uint64_t first, std::uint64_t count) {
  StorageEnd end = opened(storage, kIncarnation);
  tenon_write write{};
  write.parts = TENON_WRITE_HARD_STATE;
  const std::string hard_state = "term 3";
  write.hard_state = bytes(hard_state);
  if (first > 1) {
    write.parts |= TENON_WRITE_COMPACT_PREFIX;
    write.compact_to = first - 1;
  }
  end.write(write);
  for (std::uint64_t index = first; index < first + count; ++index) {
    const std::string data = "entry " + std::to_string(index);
    const tenon_entry entry{index, 1 + index / 50, bytes(data)};
    tenon_write append{};
    append.parts = TENON_WRITE_ENTRIES;
    append.entries = &entry;
    append.entry_count = 1;
    end.write(append);
  }
}

std::string image_bytes() {
  std::string content;
  for (int number = 0; content.size() < 5u << 19; ++number) content += std::to_string(number) + ",";
  return content;
}

void commit_image(MemoryStorage& storage, std::uint64_t index) {
  StorageEnd end = opened(storage);
  node::ImageFile image = node::ImageFile::create(end.port(), {7, 7}, raft::LogIndex(index));
  image.write(0, image_bytes());
  image.commit();
}

struct Shown {
  std::string what;
  std::uint64_t done;
  std::uint64_t total;
};

// Copies and compares as a conversion does, with the target opened twice.
Copied convert(MemoryStorage& from, MemoryStorage& to, std::vector<Shown>* shown = nullptr) {
  const ShowProgress show = [&](std::string_view what, ProgressUnit, std::uint64_t done, std::uint64_t total) {
    if (shown != nullptr) shown->push_back({std::string(what), done, total});
  };
  StorageEnd source = opened(from);
  {
    StorageEnd target = opened(to, source.found().incarnation);
    copy_node(source, target, show);
  }
  StorageEnd target = opened(to);
  return compare_nodes(source, target, show);
}

TEST_CASE("image, hard state, incarnation and every entry of the log are in the target, and are compared") {
  MemoryStorage from(MemoryStorage::Mode::threaded);
  MemoryStorage to(MemoryStorage::Mode::threaded);
  fill(from, 41, 200);
  commit_image(from, 57);
  std::vector<Shown> shown;
  const Copied copied = convert(from, to, &shown);
  CHECK(copied.first_index == 41);
  CHECK(copied.last_index == 240);
  REQUIRE(copied.image);
  CHECK(copied.image->index == raft::LogIndex(57));
  CHECK(copied.image->bytes == image_bytes().size());
  CHECK(to.hard_state() == "term 3");
  REQUIRE(to.entries().size() == 200);
  CHECK(to.entries().at(240).data == "entry 240");
  CHECK(to.entries().at(240).term == 5);
  REQUIRE(to.images().size() == 1);
  CHECK(to.images().front()->bytes == image_bytes());
  CHECK(to.images().front()->is_committed);
  CHECK(opened(to).found().incarnation == kIncarnation);
  for (const char* const what : {"copying the log", "copying the image", "comparing the log", "comparing the image"}) {
    CAPTURE(what);
    const auto last = std::find_if(shown.rbegin(), shown.rend(), [&](const Shown& one) { return one.what == what; });
    REQUIRE(last != shown.rend());
    CHECK(last->done == last->total);
  }
}

TEST_CASE("logs without an image, without entries and from index 1 on are copied too") {
  const auto [first, count] = GENERATE(table<std::uint64_t, std::uint64_t>({{1, 3}, {1, 0}, {9, 0}, {9, 1}}));
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::immediate);
  fill(from, first, count);
  const Copied copied = convert(from, to);
  CHECK(copied.first_index == first);
  CHECK(copied.last_index == first + count - 1);
  CHECK_FALSE(copied.image);
  CHECK(to.entries().size() == count);
}

TEST_CASE("a directory that holds no node is not converted") {
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::immediate);
  CHECK_THROWS_WITH(convert(from, to), Catch::Contains("the source holds no node"));
}

TEST_CASE("any difference is found by the comparison") {
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::immediate);
  fill(from, 5, 20);
  commit_image(from, 7);
  convert(from, to);
  std::string part;
  SECTION("a byte of an entry") {
    to.entries().at(13).data[2] ^= 1;
    part = "the entry of index 13";
  }
  SECTION("a term") {
    to.entries().at(24).term = 2;
    part = "the entry of index 24";
  }
  SECTION("the last entry") {
    to.entries().erase(24);
    part = "the log has the indexes 5 to 23, and had 5 to 24";
  }
  SECTION("the hard state") {
    to.hard_state() = "term 4";
    part = "the hard state";
  }
  SECTION("a byte of the image") {
    to.images().front()->bytes[(1u << 20) + 1] ^= 1;
    part = "the image, between the offsets 1048576 and 2097152";
  }
  SECTION("the end of the image") {
    to.images().front()->bytes.pop_back();
    part = "the image's id, index or size";
  }
  SECTION("the image") {
    to.images().clear();
    part = "there is an image on one side only";
  }
  StorageEnd source = opened(from);
  StorageEnd target = opened(to);
  const ShowProgress show = [](std::string_view, ProgressUnit, std::uint64_t, std::uint64_t) {};
  CHECK_THROWS_WITH(compare_nodes(source, target, show), Catch::Contains(part));
}

TEST_CASE("another incarnation in the target is found by the comparison") {
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::immediate);
  fill(from, 1, 1);
  { const StorageEnd born_before = opened(to, {9}); }
  CHECK_THROWS_WITH(convert(from, to), Catch::Contains("the incarnation of the directory"));
}

TEST_CASE("a storage that fails ends the wait with its own words") {
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::threaded);
  fill(from, 1, 3);
  StorageEnd source = opened(from);
  StorageEnd target({to.table(), to.self()}, kIncarnation, [] { return std::optional<std::string>("no room left"); });
  to.fail();
  const ShowProgress show = [](std::string_view, ProgressUnit, std::uint64_t, std::uint64_t) {};
  CHECK_THROWS_WITH(copy_node(source, target, show), Catch::Contains("no room left"));
}

TEST_CASE("what a storage answers to a read is what the conversion fails with") {
  MemoryStorage from(MemoryStorage::Mode::immediate);
  MemoryStorage to(MemoryStorage::Mode::immediate);
  fill(from, 1, 3);
  from.set_errors(TENON_OK, TENON_ERROR_CORRUPT);
  CHECK_THROWS_WITH(convert(from, to), Catch::Contains("the log cannot be read from index 1"));
}

}  // namespace
}  // namespace tenon::server
