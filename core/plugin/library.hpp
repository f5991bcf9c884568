// SPDX-License-Identifier: MIT
// The dynamic linker.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tenon/plugin.h"

namespace tenon::plugin {

// Loads a library for good, every symbol bound at once and none shown to others, and returns its exported object.
// What its constructors did to the thread's floating point settings is undone and added to `warnings`.
// Throws Refusal: undefined_symbol, not_loadable, not_a_plugin. Needs: an absolute path.
const tenon_plugin* load_library(const std::filesystem::path& path, std::vector<std::string>& warnings);

}  // namespace tenon::plugin
