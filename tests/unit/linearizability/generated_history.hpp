// SPDX-License-Identifier: MIT
// Histories of clients of a register that is linearizable by construction: each operation takes effect at one moment
// between its call and its return, or, when its outcome is unknown, at any moment behind its call or never.
#pragma once

#include <cstdint>

#include "support/linearizability.hpp"

namespace tenon::support {

// Numbers without a pattern, the same everywhere.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed) {}
  // In [0, end).
  std::uint64_t below(std::uint64_t end);
  bool chance(std::uint64_t percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

struct Shape {
  std::size_t operations = 1000;
  std::size_t clients = 5;
  std::size_t keys = 1;
  std::uint64_t unknown_percent = 1;
  bool only_puts_and_gets = false;
  bool with_versions = false;
};
Operations generate(std::uint64_t seed, const Shape& shape);

}  // namespace tenon::support
