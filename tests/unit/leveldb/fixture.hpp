// SPDX-License-Identifier: MIT
// A data directory on the real disk, opened by the LevelDB plugin as often as a test wants.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "faulty_files.hpp"
#include "leveldb_storage/leveldb_storage.hpp"
#include "log_model.hpp"
#include "support/catch.hpp"
#include "support/storage_plugin.hpp"
#include "temporary_directory.hpp"

extern "C" const tenon_plugin tenon_static_plugin_leveldb;

namespace tenon::leveldb_storage::test {

using filewal::test::LogModel;
using filewal::test::OwnedWrite;
using filewal::test::random_write;
using filewal::test::TemporaryDirectory;
using support::ImageHandle;
using support::StoragePlugin;
using testing::EntryCopy;
using testing::FakeHost;

inline const std::map<std::string, std::string> kOptions = {
    {"write_buffer_bytes", "64KiB"}, {"open_files_max", "100"}, {"space_reserve_bytes", "0"}};

class Plugin : public StoragePlugin {
 public:
  explicit Plugin(const tenon_host* host) : StoragePlugin(tenon_static_plugin_leveldb, host) {}
  Plugin(const tenon_host* host, Surroundings surroundings)
      : StoragePlugin(tenon_static_plugin_leveldb,
                      static_cast<Instance*>(new LevelDbStorage(Host(host), std::move(surroundings)))) {}

  // Appends one entry, as the write with its index as sequence.
  void append(std::uint64_t index, std::string data) {
    write(writes_.emplace_back().append(index, 1, std::move(data)).view(index));
  }

  // All that the log holds, read back.
  LogModel content() {
    LogModel model;
    model.hard_state = tenon::view(found.hard_state);
    model.first = found.first_index;
    for (EntryCopy& entry : entries(found.first_index, found.last_index + 1)) {
      CHECK(entry.index == model.first + model.entries.size());
      model.entries.push_back({entry.term, std::move(entry.data)});
    }
    return model;
  }

 private:
  std::deque<OwnedWrite> writes_;
};

}  // namespace tenon::leveldb_storage::test
