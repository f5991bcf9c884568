// SPDX-License-Identifier: MIT
// The plugin as a host sees it: through its table, against the fakes of the SDK. What every storage has to do is
// checked by tenon-plugin-check; here is what only this plugin's author knows, its files above all.
#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tenon/stamp.hpp"
#include "tenon/testing/host.hpp"
#include "tenon/testing/storage_host.hpp"

extern "C" const tenon_plugin tenon_static_plugin_sample;

namespace {

using tenon::testing::EntryCopy;
using tenon::testing::FakeHost;
using tenon::testing::FakeStorageHost;

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "tenon-sample-XXXXXX") {
    TENON_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary | std::ios::trunc) << content;
  }

 private:
  std::string path_;
};

// An instance from create() to destroy().
class Plugin {
 public:
  explicit Plugin(const Directory& directory)
      : host(directory.path(), {{"dead_bytes_max", "4KiB"}, {"space_reserve", "0"}}) {
    TENON_CHECK(tenon_static_plugin_sample.create(host.table(), &self_, &why) == TENON_OK);
    found.struct_size = sizeof found;
    error = table().open(self_, storage_host.table(), &found, &why);
  }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  ~Plugin() {
    close();
    tenon_static_plugin_sample.destroy(self_);
  }

  void close() {
    if (error == TENON_OK && !std::exchange(closed_, true)) table().close(self_);
  }
  // Each is a write of its own, and durable on return.
  void append(std::uint64_t index, const std::string& data) {
    const tenon_entry& entry = entries_.emplace_back(tenon_entry{index, 1, tenon::bytes(data_.emplace_back(data))});
    write({.parts = TENON_WRITE_ENTRIES, .entries = &entry, .entry_count = 1});
  }
  void write(tenon_write write) {
    write.struct_size = sizeof write;
    write.sequence = ++sequence_;
    table().write(self_, &writes_.emplace_back(write));
    TENON_CHECK(storage_host.wait_durable(sequence_));
  }
  std::vector<EntryCopy> read(std::uint64_t first, std::uint64_t end) {
    table().read_entries(self_, ++request_, first, end, 1 << 20);
    const auto result = storage_host.wait_read(request_);
    TENON_CHECK(result.has_value());
    return result->entries;
  }
  static const tenon_storage& table() { return *tenon_static_plugin_sample.storage; }
  void* self() const { return self_; }

  FakeHost host;
  FakeStorageHost storage_host;
  tenon_recovered found{};
  tenon_detail why{sizeof why, {}};
  tenon_error error = TENON_OK;

 private:
  void* self_ = nullptr;
  bool closed_ = false;
  std::uint64_t sequence_ = 0;
  std::uint64_t request_ = 0;
  std::deque<std::string> data_;
  std::deque<tenon_entry> entries_;
  std::deque<tenon_write> writes_;
};

void what_is_durable_is_there_after_a_reopen() {
  const Directory directory;
  std::vector<std::uint8_t> incarnation;
  {
    Plugin plugin(directory);
    TENON_CHECK(plugin.error == TENON_OK && plugin.found.first_index == 1 && plugin.found.last_index == 0);
    incarnation.assign(std::begin(plugin.found.incarnation), std::end(plugin.found.incarnation));
    plugin.write({.parts = TENON_WRITE_HARD_STATE, .hard_state = tenon::bytes("vote")});
    for (std::uint64_t index = 1; index <= 5; ++index) plugin.append(index, "entry " + std::to_string(index));
    plugin.write(
        {.parts = TENON_WRITE_TRUNCATE_SUFFIX | TENON_WRITE_COMPACT_PREFIX, .truncate_from = 5, .compact_to = 2});
  }
  Plugin plugin(directory);
  TENON_CHECK(tenon::view(plugin.found.hard_state) == "vote");
  TENON_CHECK(plugin.found.first_index == 3 && plugin.found.last_index == 4);
  TENON_CHECK(std::equal(incarnation.begin(), incarnation.end(), plugin.found.incarnation));
  TENON_CHECK((plugin.read(3, 5) == std::vector<EntryCopy>{{3, 1, "entry 3"}, {4, 1, "entry 4"}}));
}

void a_write_that_a_crash_cut_short_is_dropped() {
  const Directory directory;
  Plugin(directory).append(1, "kept");
  const std::size_t kept = directory.read("journal").size();
  Plugin(directory).append(2, "cut");
  directory.write("journal", directory.read("journal").substr(0, kept + 40));
  {
    const Plugin plugin(directory);
    TENON_CHECK(plugin.error == TENON_OK && plugin.found.last_index == 1);
    TENON_CHECK(plugin.host.logged("dropped 40 bytes"));
    TENON_CHECK(directory.read("journal").size() == kept);
  }
  Plugin plugin(directory);
  plugin.append(2, "written again");
  TENON_CHECK(plugin.read(1, 3).back().data == "written again");
}

void damage_of_what_was_durable_is_refused() {
  const Directory directory;
  Plugin(directory).append(1, "durable");
  const std::string journal = directory.read("journal");
  for (std::size_t at = 0; at + 32 < journal.size(); ++at) {  // the last batch proves it
    std::string damaged = journal;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    directory.write("journal", damaged);
    const Plugin plugin(directory);
    TENON_CHECK(plugin.error == TENON_ERROR_CORRUPT);
    TENON_CHECK(directory.read("journal") == damaged);
  }
}

void a_journal_of_dead_bytes_is_written_anew() {
  const Directory directory;
  Plugin plugin(directory);
  plugin.write({.parts = TENON_WRITE_HARD_STATE, .hard_state = tenon::bytes("vote")});
  for (std::uint64_t index = 1; index <= 100; ++index) plugin.append(index, std::string(1000, 'x'));
  const std::size_t before = directory.read("journal").size();
  plugin.write({.parts = TENON_WRITE_COMPACT_PREFIX, .compact_to = 99});
  TENON_CHECK(plugin.read(100, 101).front().data == std::string(1000, 'x'));
  TENON_CHECK(before > 100'000 && directory.read("journal").size() < 2000);
  plugin.close();
  const Plugin again(directory);
  TENON_CHECK(again.found.first_index == 100 && again.found.last_index == 100);
  TENON_CHECK(tenon::view(again.found.hard_state) == "vote");
}

void the_directory_of_another_plugin_is_refused_and_left_alone() {
  const Directory directory;
  directory.write(tenon::kStampName, tenon::encode_stamp({1, "org.example.storage.other", "test-cluster", 1, {}}));
  const Plugin plugin(directory);
  TENON_CHECK(plugin.error == TENON_ERROR_INVALID);
  TENON_CHECK(std::string(plugin.why.message).find("tenond storage convert --from other:") != std::string::npos);
  TENON_CHECK(!std::filesystem::exists(directory.path() + "/journal"));
}

void the_newest_image_is_the_one_that_was_committed_last() {
  const Directory directory;
  {
    Plugin plugin(directory);
    for (std::uint8_t number = 1; number <= 2; ++number) {
      tenon_image image{{number}, number, 0};
      void* handle = nullptr;
      TENON_CHECK(Plugin::table().image_create(plugin.self(), &image, &handle, &plugin.why) == TENON_OK);
      TENON_CHECK(Plugin::table().image_write(handle, 0, tenon::bytes("image"), &plugin.why) == TENON_OK);
      TENON_CHECK(Plugin::table().image_commit(handle, &plugin.why) == TENON_OK);
      Plugin::table().image_close(handle);
    }
  }
  const Plugin plugin(directory);
  tenon_image image{};
  void* handle = nullptr;
  tenon_detail why{sizeof why, {}};
  TENON_CHECK(Plugin::table().image_open(plugin.self(), &image, &handle, &why) == TENON_OK);
  TENON_CHECK(image.index == 2 && image.id[0] == 2 && image.size == 5);
  Plugin::table().image_close(handle);
  const std::filesystem::directory_iterator files(directory.path() + "/images");
  TENON_CHECK(std::distance(begin(files), end(files)) == 1);
}

}  // namespace

int main() {
  what_is_durable_is_there_after_a_reopen();
  a_write_that_a_crash_cut_short_is_dropped();
  damage_of_what_was_durable_is_refused();
  a_journal_of_dead_bytes_is_written_anew();
  the_directory_of_another_plugin_is_refused_and_left_alone();
  the_newest_image_is_the_one_that_was_committed_last();
  std::cout << "6 tests passed\n";
}
