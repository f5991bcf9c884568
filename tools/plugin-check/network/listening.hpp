// SPDX-License-Identifier: MIT
// How a check gives a network plugin its port: by convention the option `listen` takes HOST:PORT.
#pragma once

#include <cstdint>
#include <string>

#include "plugin/options.hpp"
#include "runner/subject.hpp"

namespace tenon::plugin_check {

// Options that make an instance listen at 127.0.0.1:port. Skips the check when the manifest declares no `listen`.
plugin::Options listening_at(Subject& subject, std::uint16_t port);

// Sets an option when the manifest declares it and --set leaves it alone; returns whether it did.
bool set_if_declared(Subject& subject, plugin::Options& options, const std::string& name, const std::string& value);

// NAME of a file tenon-KIND-NAME.so, which is the scheme of the plugin's addresses; of any other file the last part of
// the manifest's id.
std::string scheme_of(Subject& subject);

}  // namespace tenon::plugin_check
