// SPDX-License-Identifier: MIT
// How every refusal of this room is worded.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace tenon::config {

// Throws ConfigError "ORIGIN: SECTION.KEY: explanation".
[[noreturn]] void refuse(const Origin& origin, std::string_view section, std::string_view key,
                         std::string_view explanation);

// " The nearest name is 'x'."; empty without candidates.
std::string nearest_hint(std::string_view name, std::span<const std::string> candidates);

}  // namespace tenon::config
