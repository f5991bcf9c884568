// SPDX-License-Identifier: MIT
// A storage plugin that keeps nothing and does as a test says, right or wrong, and a host that calls it through
// validation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "recorder.hpp"
#include "tenon/bytes.hpp"
#include "tenon/testing/host.hpp"
#include "validation/host_table.hpp"
#include "validation/storage_table.hpp"

namespace tenon::validation::test {

// The plugin's side.
struct ScriptedStorage {
  ScriptedStorage() {
    table.struct_size = sizeof table;
    table.open = [](void* self, const tenon_storage_host* given, tenon_recovered* to_fill, tenon_detail*) {
      ScriptedStorage& storage = *static_cast<ScriptedStorage*>(self);
      storage.host = given;
      const std::uint64_t size = to_fill->struct_size;
      *to_fill = storage.found;
      to_fill->struct_size = size;
      return storage.open_error;
    };
    table.close = [](void* self) { static_cast<ScriptedStorage*>(self)->on_close(); };
    table.write = [](void* self, const tenon_write* write) { static_cast<ScriptedStorage*>(self)->on_write(*write); };
    table.read_entries = [](void* self, std::uint64_t request, std::uint64_t, std::uint64_t, std::uint64_t) {
      static_cast<ScriptedStorage*>(self)->reads.push_back(request);
    };
    table.image_create = [](void* self, tenon_image* image, void** handle, tenon_detail*) -> tenon_error {
      image->size = 0;
      *handle = self;
      return TENON_OK;
    };
    table.image_write = [](void* self, std::uint64_t, tenon_bytes, tenon_detail*) {
      return static_cast<ScriptedStorage*>(self)->image_error;
    };
    table.image_commit = [](void* self, tenon_detail*) { return static_cast<ScriptedStorage*>(self)->image_error; };
    table.image_open = [](void* self, tenon_image* image, void** handle, tenon_detail*) {
      ScriptedStorage& storage = *static_cast<ScriptedStorage*>(self);
      image->index = storage.newest;
      image->size = 10;
      *handle = self;
      return storage.image_error;
    };
    table.image_read = [](void* self, std::uint64_t, std::uint8_t*, std::uint64_t, std::uint64_t* size, tenon_detail*) {
      *size = static_cast<ScriptedStorage*>(self)->read_size;
      return tenon_error{TENON_OK};
    };
    table.image_close = [](void* self) { ++static_cast<ScriptedStorage*>(self)->image_closes; };
  }

  void durable(std::uint64_t sequence) const { host->durable(host, sequence); }
  void answer(std::uint64_t request, tenon_error error, const std::vector<tenon_entry>& entries,
              tenon_loan loan = {}) const {
    host->read_done(host, request, error, entries.data(), entries.size(), loan);
  }

  tenon_storage table{};
  const tenon_storage_host* host = nullptr;
  tenon_recovered found{sizeof(tenon_recovered), {}, 1, 0, {1}};
  tenon_error open_error = TENON_OK;
  std::function<void()> on_close = [] {};
  std::function<void(const tenon_write&)> on_write = [](const tenon_write&) {};
  std::vector<std::uint64_t> reads;
  tenon_error image_error = TENON_OK;
  std::uint64_t newest = 5;
  std::uint64_t read_size = 10;
  int image_closes = 0;
};

// The host's side, and validation between.
struct ScriptedStorageHost {
  explicit ScriptedStorageHost(const Settings& settings = {})
      : subject(threads, recorder, settings),
        host(subject, *plugin_host.table()),
        validated(subject, plugin.table, &plugin) {
    table.struct_size = sizeof table;
    table.context = this;
    table.durable = [](const tenon_storage_host* of, std::uint64_t sequence) {
      static_cast<ScriptedStorageHost*>(of->context)->durable = sequence;
    };
    table.read_done = [](const tenon_storage_host* of, std::uint64_t, tenon_error, const tenon_entry*, std::uint64_t,
                         tenon_loan loan) { static_cast<ScriptedStorageHost*>(of->context)->loans.push_back(loan); };
    table.space = [](const tenon_storage_host*, std::uint32_t) {};
  }

  tenon_error open() {
    found.struct_size = sizeof found;
    return storage().open(self(), &table, &found, nullptr);
  }
  void close() { storage().close(self()); }
  // One entry of index and term as its sequence.
  void append(std::uint64_t sequence) { append(sequence, sequence); }
  void append(std::uint64_t sequence, std::uint64_t index) {
    const tenon_entry entry{index, 1, tenon::bytes("data")};
    tenon_write write{};
    write.struct_size = sizeof write;
    write.sequence = sequence;
    write.parts = TENON_WRITE_ENTRIES;
    write.entries = &entry;
    write.entry_count = 1;
    storage().write(self(), &write);
  }
  void read(std::uint64_t request, std::uint64_t first, std::uint64_t end) {
    storage().read_entries(self(), request, first, end, 1 << 20);
  }
  void* create_image(std::uint64_t index) {
    tenon_image image{{static_cast<std::uint8_t>(index)}, index, 0};
    void* handle = nullptr;
    storage().image_create(self(), &image, &handle, nullptr);
    return handle;
  }
  void commit_image(std::uint64_t index) {
    void* const handle = create_image(index);
    storage().image_commit(handle, nullptr);
    storage().image_close(handle);
  }
  const tenon_storage& storage() const { return *validated.table(); }
  void* self() const { return validated.self(); }

  Recorder recorder;
  Threads threads;
  Subject subject;
  ScriptedStorage plugin;
  testing::FakeHost plugin_host{"/nonexistent", {}};
  HostTable host;
  StorageTable validated;
  tenon_storage_host table{};
  tenon_recovered found{};
  std::uint64_t durable = 0;
  std::vector<tenon_loan> loans;
};

}  // namespace tenon::validation::test
