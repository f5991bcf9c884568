// SPDX-License-Identifier: MIT
// What can be said of a configuration before anything is started, beyond its own text: whether the directories that it
// names can be used by this process, and whether two plugins are to listen at one address.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "plugin_selection.hpp"

namespace tenon::server {

// Looks at files and makes none. Throws config::ConfigError for the first fault, with the place where it was written.
void check_surroundings(const config::Config& config, const PluginSelection& plugins);

// The parts of it. Throws as it does.
void check_data_directory(const config::Config& config);
void check_logger_file(const config::Config& config);
void check_listening(const std::vector<ListenSetting>& settings);

}  // namespace tenon::server
