// SPDX-License-Identifier: MIT
// A storage plugin as a host sees it, for the tests of any of them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tenon/testing/host.hpp"
#include "tenon/testing/storage_host.hpp"

namespace tenon::support {

// The code and the message of a call, and an image of the waist with what was read of it.
struct Outcome {
  tenon_error error = TENON_OK;
  tenon_detail why = {};
  std::string message() const { return why.message; }
};

// An instance behind its table; closes and destroys it.
class StoragePlugin {
 public:
  // Makes the instance by the plugin's own create().
  StoragePlugin(const tenon_plugin& plugin, const tenon_host* host) : plugin_(plugin) {
    outcome.error = plugin_.create(host, &self_, &outcome.why);
  }
  // Takes an instance of the plugin that the test has made.
  StoragePlugin(const tenon_plugin& plugin, Instance* instance) : plugin_(plugin), self_(instance) {}
  StoragePlugin(const StoragePlugin&) = delete;
  StoragePlugin& operator=(const StoragePlugin&) = delete;
  ~StoragePlugin() {
    close();
    if (self_ != nullptr) plugin_.destroy(self_);
  }

  tenon_error open() {
    found.struct_size = sizeof found;
    outcome.why = {};
    outcome.error = table().open(self_, storage_host.table(), &found, &outcome.why);
    open_ = outcome.error == TENON_OK;
    return outcome.error;
  }
  void close() {
    if (std::exchange(open_, false)) table().close(self_);
  }
  void write(const tenon_write& write) { table().write(self_, &write); }
  void read(std::uint64_t request, std::uint64_t first, std::uint64_t end, std::uint64_t bytes_max = 1 << 20) {
    table().read_entries(self_, request, first, end, bytes_max);
  }
  // All entries in [first, end), in as many reads as it takes. Needs: they are there.
  std::vector<testing::EntryCopy> entries(std::uint64_t first, std::uint64_t end) {
    std::vector<testing::EntryCopy> all;
    while (first < end) {
      const std::uint64_t request = ++requests_;
      read(request, first, end);
      const auto answer = storage_host.wait_read(request);
      TENON_CHECK(answer.has_value() && answer->error == TENON_OK);
      all.insert(all.end(), answer->entries.begin(), answer->entries.end());
      first += answer->entries.size();
    }
    return all;
  }
  const tenon_storage& table() const { return *plugin_.storage; }
  void* self() const { return self_; }

  testing::FakeStorageHost storage_host;
  tenon_recovered found = {};
  Outcome outcome;

 private:
  const tenon_plugin& plugin_;
  void* self_ = nullptr;
  bool open_ = false;
  std::uint64_t requests_ = std::uint64_t{1} << 32;
};

// A handle on an image; closes it. outcome.error is that of the last call.
class ImageHandle {
 public:
  static ImageHandle create(StoragePlugin& plugin, std::uint64_t index, std::uint8_t id) {
    ImageHandle made(plugin);
    made.image.index = index;
    std::fill(std::begin(made.image.id), std::end(made.image.id), id);
    made.outcome.error = plugin.table().image_create(plugin.self(), &made.image, &made.handle_, &made.outcome.why);
    return made;
  }
  static ImageHandle newest(StoragePlugin& plugin) {
    ImageHandle made(plugin);
    made.outcome.error = plugin.table().image_open(plugin.self(), &made.image, &made.handle_, &made.outcome.why);
    return made;
  }
  ImageHandle(ImageHandle&& other) noexcept
      : image(other.image),
        outcome(other.outcome),
        plugin_(other.plugin_),
        handle_(std::exchange(other.handle_, nullptr)) {}
  ImageHandle& operator=(ImageHandle&&) = delete;
  ~ImageHandle() { close(); }

  tenon_error write(std::uint64_t offset, std::string_view data) {
    outcome.error = plugin_.table().image_write(handle_, offset, bytes(data), &outcome.why);
    return outcome.error;
  }
  tenon_error commit() { return outcome.error = plugin_.table().image_commit(handle_, &outcome.why); }
  std::string read(std::uint64_t offset, std::size_t capacity) {
    std::string buffer(capacity, '\0');
    std::uint64_t size = 0;
    outcome.error = plugin_.table().image_read(handle_, offset, reinterpret_cast<std::uint8_t*>(buffer.data()),
                                               capacity, &size, &outcome.why);
    buffer.resize(static_cast<std::size_t>(size));
    return buffer;
  }
  void close() {
    if (handle_ != nullptr) plugin_.table().image_close(std::exchange(handle_, nullptr));
  }

  tenon_image image = {};
  Outcome outcome;

 private:
  explicit ImageHandle(StoragePlugin& plugin) : plugin_(plugin) {}

  StoragePlugin& plugin_;
  void* handle_ = nullptr;
};

}  // namespace tenon::support
