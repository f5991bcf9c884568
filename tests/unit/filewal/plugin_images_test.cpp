// SPDX-License-Identifier: MIT
// Images through the table that a host sees, beside the log.
#include <atomic>
#include <filesystem>
#include <future>

#include "faulty_file_system.hpp"
#include "image_fixture.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"
#include "temporary_directory.hpp"

namespace tenon::filewal::test {
namespace {

using support::MemoryFileSystem;
using testing::FakeHost;

// A handle, closed at the end.
class Handle {
 public:
  explicit Handle(const Plugin& plugin) : table_(plugin.table()) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) table_.image_close(handle_);
  }

  tenon_error create(const Plugin& plugin, std::uint64_t index, std::uint8_t id) {
    image = image_of(index, id);
    return table_.image_create(plugin.self(), &image, &handle_, &why);
  }
  tenon_error open(const Plugin& plugin) { return table_.image_open(plugin.self(), &image, &handle_, &why); }
  tenon_error write(std::uint64_t offset, std::string_view data) {
    return table_.image_write(handle_, offset, bytes(data), &why);
  }
  tenon_error commit() { return table_.image_commit(handle_, &why); }
  std::string read() {
    std::string buffer(static_cast<std::size_t>(image.size), '\0');
    std::uint64_t size = 0;
    auto* const begin = reinterpret_cast<std::uint8_t*>(buffer.data());
    REQUIRE(table_.image_read(handle_, 0, begin, buffer.size(), &size, &why) == TENON_OK);
    buffer.resize(static_cast<std::size_t>(size));
    return buffer;
  }

  tenon_image image{};
  tenon_detail why{};

 private:
  const tenon_storage& table_;
  void* handle_ = nullptr;
};

tenon_error commit(const Plugin& plugin, std::uint64_t index, std::uint8_t id, std::string_view data) {
  Handle handle(plugin);
  REQUIRE(handle.create(plugin, index, id) == TENON_OK);
  REQUIRE(handle.write(0, data) == TENON_OK);
  return handle.commit();
}

TEST_CASE("a plugin keeps a committed image over a restart, in a directory within its own") {
  const TemporaryDirectory directory;
  const FakeHost host(directory.path(), kOptions);
  {
    Plugin plugin(host.table());
    REQUIRE(plugin.open() == TENON_OK);
    CHECK(Handle(plugin).open(plugin) == TENON_ERROR_NOT_FOUND);
    CHECK(commit(plugin, 5, 1, "image") == TENON_OK);
    plugin.append(1, "a");
    REQUIRE(plugin.storage_host.wait_durable(1));
  }
  CHECK(std::filesystem::is_directory(directory.path() + "/images"));
  Plugin plugin(host.table());
  REQUIRE(plugin.open() == TENON_OK);
  CHECK(plugin.found.last_index == 1);
  Handle handle(plugin);
  REQUIRE(handle.open(plugin) == TENON_OK);
  CHECK(handle.image.index == 5);
  CHECK(handle.image.size == 5);
  CHECK(handle.read() == "image");
}

TEST_CASE("an unfinished image can be read through the plugin's table before its commit") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  Plugin plugin(host.table(), disk);
  REQUIRE(plugin.open() == TENON_OK);
  Handle handle(plugin);
  REQUIRE(handle.create(plugin, 5, 1) == TENON_OK);
  REQUIRE(handle.write(0, "to be verified") == TENON_OK);
  handle.image.size = 100;
  CHECK(handle.read() == "to be verified");
  CHECK(handle.commit() == TENON_OK);
}

TEST_CASE("a commit that is not newer is INVALID, and no failure of the storage") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  Plugin plugin(host.table(), disk);
  REQUIRE(plugin.open() == TENON_OK);
  REQUIRE(commit(plugin, 5, 1, "newest") == TENON_OK);
  plugin.tolerate(validation::Rule::image);
  CHECK(commit(plugin, 5, 2, "late") == TENON_ERROR_INVALID);
  plugin.append(1, "goes on");
  CHECK(plugin.storage_host.wait_durable(1));
  CHECK_FALSE(host.failure().has_value());
}

TEST_CASE("lack of room for an image is an error of its handle alone, and the log goes on") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  MemoryFileSystem image_disk(2);
  FaultyFileSystem faulty(image_disk);
  Plugin plugin(host.table(), disk, faulty);
  REQUIRE(plugin.open() == TENON_OK);
  {
    Handle handle(plugin);
    REQUIRE(handle.create(plugin, 5, 1) == TENON_OK);
    faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_NO_SPACE);
    CHECK(handle.write(0, "too much") == TENON_ERROR_NO_SPACE);
  }
  plugin.append(1, "goes on");
  CHECK(plugin.storage_host.wait_durable(1));
  CHECK(plugin.storage_host.log_space() == LogSpace::enough);
  CHECK_FALSE(host.failure().has_value());
  CHECK(image_disk.list().empty());
  CHECK(commit(plugin, 5, 1, "less") == TENON_OK);
}

TEST_CASE("a commit that fails is a failure of the storage, after which nothing is reported durable") {
  const auto step = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3});
  const auto code = GENERATE(tenon_error{TENON_ERROR_IO}, tenon_error{TENON_ERROR_NO_SPACE});
  CAPTURE(step, code);
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  MemoryFileSystem image_disk(2);
  FaultyFileSystem faulty(image_disk);
  Plugin plugin(host.table(), disk, faulty);
  REQUIRE(plugin.open() == TENON_OK);
  {
    Handle handle(plugin);
    REQUIRE(handle.create(plugin, 5, 1) == TENON_OK);
    faulty.fail_change(faulty.counts().changes + step, code);
    CHECK(handle.commit() == code);
  }
  REQUIRE(host.failure().has_value());
  CHECK(host.failure()->error == code);
  CHECK(host.failure()->message.find("injected") != std::string::npos);
  plugin.append(1, "never reported");
  plugin.read(1, 1, 2);
  const auto read = plugin.storage_host.wait_read(1);  // after the write, so the thread has taken both
  REQUIRE(read);
  CHECK(read->error == TENON_ERROR_IO);
  CHECK(plugin.storage_host.durable_reports() == 0);
}

TEST_CASE("what is being synced when a commit fails is not reported durable after the failure") {
  const FakeHost host("/memory", kOptions);
  MemoryFileSystem disk(1);
  FaultyFileSystem held(disk);
  MemoryFileSystem image_disk(2);
  FaultyFileSystem faulty(image_disk);
  Plugin plugin(host.table(), held, faulty);
  REQUIRE(plugin.open() == TENON_OK);
  std::promise<void> reached;
  std::promise<void> opened;
  std::atomic<bool> is_armed = true;
  held.before_sync([&] {
    if (!is_armed.exchange(false)) return;
    reached.set_value();
    opened.get_future().wait();
  });
  plugin.append(1, "synced");
  reached.get_future().wait();
  {
    Handle handle(plugin);
    REQUIRE(handle.create(plugin, 5, 1) == TENON_OK);
    faulty.fail_change(faulty.counts().changes + 1, TENON_ERROR_IO);
    CHECK(handle.commit() == TENON_ERROR_IO);
  }
  CHECK(host.failure().has_value());
  opened.set_value();
  plugin.close();
  CHECK(plugin.storage_host.durable_reports() == 0);
}

}  // namespace
}  // namespace tenon::filewal::test
