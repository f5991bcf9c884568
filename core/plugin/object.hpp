// SPDX-License-Identifier: MIT
// Checks the object that a plugin exports, before any of its functions is called.
#pragma once

#include <string>

#include "plugin/elf_note.hpp"
#include "plugin/kind.hpp"
#include "tenon/plugin.h"

namespace tenon::plugin {

// Throws Refusal(object_does_not_fit): it is shorter than the first release of the waist, says another ABI or manifest
// than the note, has not exactly the table of its kind, or a table is too short or has an empty place.
void check_object(const tenon_plugin& object, const Note& note, Kind kind, const std::string& origin);

}  // namespace tenon::plugin
