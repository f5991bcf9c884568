// SPDX-License-Identifier: MIT
// `tenonctl plugin`: what plugins are there, what one of them is, why one does not load, and a new one. Nothing of a
// plugin is executed by any of them.
#pragma once

#include "tenonctl/command_line.hpp"
#include "tenonctl/run.hpp"

namespace tenon::tenonctl {

// Each returns an exit code; throws std::runtime_error, and UsageError for words that name no plugin.
int list_plugins(const Invocation& invocation, const Surroundings& surroundings, Format format);
int inspect_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format);
// kExitError when the plugin would not load, and when it would and should not.
int examine_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format);
int make_plugin(const Invocation& invocation, const Surroundings& surroundings, Format format);

}  // namespace tenon::tenonctl
