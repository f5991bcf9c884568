// SPDX-License-Identifier: MIT
// Counted apart from what the product counts by, for that is to be found wrong when it is.
#pragma once

#include <cstddef>

namespace tenon::sim {

constexpr std::size_t majority_of(std::size_t voters) noexcept { return voters / 2 + 1; }

}  // namespace tenon::sim
