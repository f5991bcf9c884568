// SPDX-License-Identifier: MIT
// The checks of a client API: what client_api.h promises, before a scripted node. Some speak the plugin's protocol, by
// a driver; of a protocol that has none they are skipped.
#pragma once

#include "runner/check.hpp"

namespace tenon::plugin_check {

Checks client_api_checks();

// The parts of it, by what they are about.
Checks answer_checks();  // one answer to each request, and what it may say
Checks ending_checks();  // drain and stop
Checks client_checks();  // clients that are slow, gone, many, or none at all

}  // namespace tenon::plugin_check
