// SPDX-License-Identifier: MIT
// The checks of a transport: what transport.h promises, between two instances with a chaos proxy between them.
#pragma once

#include "runner/check.hpp"

namespace tenon::plugin_check {

Checks transport_checks();

// The parts of it, by what they are about.
Checks delivery_checks();  // frames, introductions, UP and DOWN
Checks chaos_checks();     // at most once, whole and in order, whatever the network does
Checks pressure_checks();  // bounds and loans with a peer that does not read, and heartbeats beside bulk
Checks lifetime_checks();  // stop under load, peers that come, move and go, a port in use
Checks intruder_checks();  // garbage, silence, foreign clusters

}  // namespace tenon::plugin_check
