// SPDX-License-Identifier: MIT
// The values of the table's options: from text to checked text, and from checked settings to a Config.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/option_table.hpp"

namespace tenon::config {

// Throws ConfigError when the text is not of the option's type, out of its range, or not in this version.
void check_value(const Option& option, const Setting& setting);

// The items of a comma-separated list, without white space around them. Throws ConfigError for an empty item.
std::vector<std::string> list_items(std::string_view section, std::string_view key, const Setting& setting);

// Absolute directories, separated by ':'. Throws ConfigError for a relative or empty one.
std::vector<std::filesystem::path> parse_plugin_directories(const Setting& setting);

// Makes the typed members. Needs: every option of `given` passed check_value, the required ones and the defaults
// are there. Throws ConfigError for what concerns several options or the form of one text.
Config make_config(Sections given);

// The members that load_conversion() promises. Needs: every option of `given` passed check_value, the defaults are
// there. Throws the same.
Config make_partial_config(Sections given);

}  // namespace tenon::config
