// SPDX-License-Identifier: MIT
// What a node keeps, as an operator names it: the storage plugin and the node's data directory.
#pragma once

#include <filesystem>
#include <string>

namespace tenon::config {

struct StoragePlace {
  std::string plugin;                    // as in storage.plugin
  std::filesystem::path data_directory;  // as in node.data_directory
  std::string text() const { return plugin + ":" + data_directory.string(); }
  bool operator==(const StoragePlace&) const = default;
};

}  // namespace tenon::config
