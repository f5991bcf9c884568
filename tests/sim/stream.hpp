// SPDX-License-Identifier: MIT
// Random numbers of a run: each purpose draws from a stream of its own, so that one fault that is switched off does not
// shuffle the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "raft/random.hpp"
#include "raft/types.hpp"

namespace tenon::sim {

inline std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) noexcept {
  return raft::Random(hash ^ (value * 0x9e3779b97f4a7c15u)).next();
}
inline std::uint64_t mixed(std::uint64_t hash, std::string_view text) noexcept {
  for (const char letter : text) hash = mixed(hash, static_cast<unsigned char>(letter));
  return hash;
}

class Stream {
 public:
  Stream(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0)
      : random_(mixed(mixed(seed, purpose), number)) {}

  std::uint64_t next() { return random_.next(); }
  // In [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + random_.below(high - low + 1); }
  bool chance(std::uint32_t per_million) { return random_.below(1'000'000) < per_million; }
  // In [low, high], each doubling as likely as any other. Needs: 0 < low <= high.
  std::uint64_t log_between(std::uint64_t low, std::uint64_t high) {
    std::uint64_t doublings = 0;
    while (doublings < 63 && (low << (doublings + 1)) <= high) ++doublings;
    const std::uint64_t from = low << between(0, doublings);
    return between(from, std::min(high, from * 2 - 1));
  }
  bool coin() { return random_.below(2) == 0; }
  // Of many waits that follow no rhythm: about `mean`, and at most eight times that. In whole numbers, for the last
  // bits of a logarithm are not the same everywhere.
  raft::Duration wait(raft::Duration mean) {
    std::int64_t whole = 0;
    while (whole < 7 && !chance(632'121)) ++whole;
    const auto part = static_cast<std::int64_t>(random_.below(1024));
    return mean * whole + mean * part / 1024;
  }
  template <class Container>
  auto& pick(Container& from) {
    return from[static_cast<std::size_t>(random_.below(std::size(from)))];
  }

 private:
  raft::Random random_;
};

}  // namespace tenon::sim
