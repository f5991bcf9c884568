// SPDX-License-Identifier: MIT
// The storage in memory that other tests stand on: its images and its compaction, as storage.h has them.
#include "support/memory_storage.hpp"

#include "image_fixture.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"
#include "tenon/testing/storage_host.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryStorage;

// An open MemoryStorage and the calls on its table.
struct OpenedStorage {
  OpenedStorage() { open(); }
  ~OpenedStorage() { close(); }
  void open() {
    found.struct_size = sizeof found;
    host.emplace();  // sequences begin anew
    REQUIRE(table.open(storage.self(), host->table(), &found, &why) == TENON_OK);
  }
  void close() { table.close(storage.self()); }
  void* create(std::uint64_t index, std::uint8_t id) {
    image = image_of(index, id);
    void* handle = nullptr;
    error = table.image_create(storage.self(), &image, &handle, &why);
    return handle;
  }
  tenon_error write(void* handle, std::uint64_t offset, std::string_view data) {
    return table.image_write(handle, offset, bytes(data), &why);
  }
  std::string read(void* handle) {
    std::array<std::uint8_t, 100> buffer{};
    std::uint64_t size = 0;
    error = table.image_read(handle, 0, buffer.data(), buffer.size(), &size, &why);
    return {reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size)};
  }
  tenon_error commit(std::uint64_t index, std::uint8_t id, std::string_view data) {
    void* const handle = create(index, id);
    REQUIRE(handle != nullptr);
    REQUIRE(write(handle, 0, data) == TENON_OK);
    const tenon_error result = table.image_commit(handle, &why);
    table.image_close(handle);
    return result;
  }
  Newest newest() {
    void* handle = nullptr;
    error = table.image_open(storage.self(), &image, &handle, &why);
    if (handle == nullptr) return {};
    const std::string data = read(handle);
    table.image_close(handle);
    return {image.index, data};
  }

  MemoryStorage storage{MemoryStorage::Mode::immediate};
  const tenon_storage& table = *storage.table();
  std::optional<testing::FakeStorageHost> host;
  tenon_recovered found{};
  tenon_detail why{};
  tenon_image image{};
  tenon_error error = TENON_OK;
};

TEST_CASE("storage in memory keeps the newest image over a restart, and an unfinished one to be gone on with") {
  OpenedStorage opened;
  CHECK(opened.newest() == Newest{});
  CHECK(opened.error == TENON_ERROR_NOT_FOUND);
  REQUIRE(opened.commit(5, 1, "first") == TENON_OK);
  REQUIRE(opened.commit(7, 2, "second") == TENON_OK);
  CHECK(opened.commit(7, 3, "late") == TENON_ERROR_INVALID);
  void* handle = opened.create(9, 4);
  CHECK(opened.write(handle, 0, "0123456789") == TENON_OK);
  CHECK(opened.write(handle, 3, "x") == TENON_OK);
  CHECK(opened.read(handle) == "012x");
  opened.table.image_close(handle);
  opened.close();
  CHECK(opened.storage.images().size() == 2);
  opened.open();
  CHECK(opened.newest() == Newest{7, "second"});
  handle = opened.create(9, 4);
  CHECK(opened.image.size == 4);
  CHECK(opened.table.image_commit(handle, &opened.why) == TENON_OK);
  opened.table.image_close(handle);
  CHECK(opened.newest() == Newest{9, "012x"});
  CHECK(opened.storage.images().size() == 1);
}

TEST_CASE("storage in memory removes unfinished images without a handle when another one is begun") {
  OpenedStorage opened;
  void* const held = opened.create(5, 1);
  opened.table.image_close(opened.create(6, 2));
  void* const other = opened.create(7, 3);
  CHECK(opened.storage.images().size() == 2);
  CHECK(opened.create(7, 3) == nullptr);
  CHECK(opened.error == TENON_ERROR_BUSY);
  opened.table.image_close(held);
  opened.table.image_close(other);
}

TEST_CASE("storage in memory fails the image functions that a test names") {
  OpenedStorage opened;
  REQUIRE(opened.commit(5, 1, "old") == TENON_OK);
  opened.storage.set_image_errors({.commit = TENON_ERROR_IO});
  CHECK(opened.commit(7, 2, "new") == TENON_ERROR_IO);
  opened.storage.set_image_errors({.create = TENON_ERROR_NO_SPACE, .open = TENON_ERROR_CORRUPT});
  CHECK(opened.create(7, 2) == nullptr);
  CHECK(opened.error == TENON_ERROR_NO_SPACE);
  CHECK(opened.newest() == Newest{});
  CHECK(opened.error == TENON_ERROR_CORRUPT);
  opened.storage.set_image_errors({.read = TENON_ERROR_IO});
  CHECK(opened.newest() == Newest{5, ""});
  CHECK(opened.error == TENON_ERROR_IO);
  opened.storage.set_image_errors({.write = TENON_ERROR_NO_SPACE});
  void* const handle = opened.create(7, 2);
  CHECK(opened.write(handle, 0, "x") == TENON_ERROR_NO_SPACE);
  opened.table.image_close(handle);
  opened.storage.set_image_errors({});
  CHECK(opened.newest() == Newest{5, "old"});
}

TEST_CASE("storage in memory that is truncated and compacted beyond its end goes on behind, after a restart too") {
  OpenedStorage opened;
  OwnedWrite old;
  OwnedWrite reset;
  opened.table.write(opened.storage.self(), &old.hard_state("vote").append(1, 1, "a").append(2, 1, "b").view(1));
  opened.table.write(opened.storage.self(), &reset.truncate(2).compact(10).view(2));
  opened.close();
  opened.open();
  CHECK(opened.found.first_index == 11);
  CHECK(opened.found.last_index == 10);
  OwnedWrite next;
  opened.table.write(opened.storage.self(), &next.append(11, 2, "behind").view(1));
  opened.close();
  CHECK(opened.storage.entries().at(11).data == "behind");
  opened.open();
  CHECK(opened.found.first_index == 11);
  CHECK(opened.found.last_index == 11);
}

}  // namespace
}  // namespace tenon::filewal::test
