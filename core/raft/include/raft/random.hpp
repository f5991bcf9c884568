// SPDX-License-Identifier: MIT
// The injected generator (SplitMix64). The same seed gives the same numbers on every machine and compiler, which is
// what makes a run of the core reproducible.
#pragma once

#include <cstdint>

#include "tenon/check.hpp"

namespace tenon::raft {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }
  // A number in [0, bound), as even as the remainder of 64 bits makes it. Needs: bound > 0.
  std::uint64_t below(std::uint64_t bound) noexcept {
    TENON_CHECK(bound > 0);
    return next() % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace tenon::raft
