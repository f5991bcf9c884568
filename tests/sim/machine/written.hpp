// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "checks/logs.hpp"
#include "tenon/storage.hpp"

namespace tenon::sim {

// What a write does to the log, kept until it is durable.
struct Written {
  std::optional<std::uint64_t> truncate_from;
  std::vector<std::pair<std::uint64_t, raft::Term>> entries;
  std::uint64_t compact_to = 0;
  std::optional<raft::HardState> hard_state;
};

Written effect_of(const tenon_write& write);
void perform(const Written& written, Terms& terms);

}  // namespace tenon::sim
