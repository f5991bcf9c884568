// SPDX-License-Identifier: MIT
// What clients are told about the server, and names that clients give themselves.
#pragma once

#include <algorithm>
#include <string_view>

namespace tenon::api_resp {

// The version of Redis whose commands and replies these are.
inline constexpr std::string_view kRedisVersion = "7.0.15";

inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::size_t kClientNameBytesMax = 1024;

constexpr bool is_client_name(std::string_view name) noexcept {
  return name.size() <= kClientNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char letter) { return letter >= '!' && letter <= '~'; });
}

}  // namespace tenon::api_resp
