// SPDX-License-Identifier: MIT
// `tenond restore`: the parts that fill an empty data directory, without a node.
#pragma once

#include <filesystem>
#include <vector>

#include "config/config.hpp"
#include "plugin_selection.hpp"
#include "restore/backup.hpp"

namespace tenon::server {

// Fills the data directory of the config from a backup, through the storage plugin that the config names: a
// full one, and the incremental ones that follow it. What is not good is refused before anything is made. Throws
// plugin::Refusal, or what core/host throws. Control thread.
Backup restore_data_directory(const config::Config& config, const PluginSelection& plugins,
                              const std::vector<std::filesystem::path>& files, host::Logger& logger);

}  // namespace tenon::server
