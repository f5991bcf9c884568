// SPDX-License-Identifier: MIT
// How far a backup goes.
#pragma once

#include <cstdint>
#include <string>

namespace tenon::backup {

struct Position {
  std::string cluster_id;
  std::uint64_t index = 0;  // of the last log entry that is in it
  std::uint64_t term = 0;   // of that entry
  bool operator==(const Position&) const = default;
};

}  // namespace tenon::backup
