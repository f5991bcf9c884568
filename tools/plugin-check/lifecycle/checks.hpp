// SPDX-License-Identifier: MIT
// The checks that hold for every kind of plugin.
#pragma once

#include "runner/check.hpp"

namespace tenon::plugin_check {

// Of the file, and of loading it.
Checks static_checks();

// Of each option that the manifest declares.
Checks option_checks();

// Of instances from create() to destroy(), and of the process around them.
Checks lifecycle_checks();

}  // namespace tenon::plugin_check
