// SPDX-License-Identifier: MIT
// Draws that are the same for the same seed, with every standard library.
#pragma once

#include <cstdint>

namespace tenon::fault {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  // Below `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  // Draws also when the answer is sure, so that one option does not move the draws of another.
  bool happens(std::uint64_t chances, std::uint64_t of) noexcept { return below(of) < chances; }

 private:
  // splitmix64
  std::uint64_t next() noexcept {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

  std::uint64_t state_;
};

}  // namespace tenon::fault
