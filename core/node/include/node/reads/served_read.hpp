// SPDX-License-Identifier: MIT
// How a read was answered, next to how it was asked for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "node/submission.hpp"

namespace tenon::node {

// Every way in which a read can be served.
enum class ReadWay : std::uint8_t { linearizable, lease, stale, log };
inline constexpr std::array<std::string_view, 4> kReadWays = {"linearizable", "lease", "stale", "log"};

constexpr ReadWay way_of(Consistency consistency) noexcept {
  switch (consistency) {
    case Consistency::lease:
      return ReadWay::lease;
    case Consistency::stale:
      return ReadWay::stale;
    default:
      return ReadWay::linearizable;
  }
}

struct ServedRead {
  ReadWay asked;
  ReadWay served;  // the same, or linearizable
};

}  // namespace tenon::node
