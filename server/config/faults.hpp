// SPDX-License-Identifier: MIT
// What section [fault] says.
#pragma once

#include "config/config.hpp"
#include "settings.hpp"

namespace tenon::config {

// Sets the faults of `config`. Throws ConfigError.
void read_faults(const Settings& settings, Config& config);

}  // namespace tenon::config
