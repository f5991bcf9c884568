// SPDX-License-Identifier: MIT
// The hash that nodes compare their states by: 64 bits, the same on every machine. The hash of a set is the sum of the
// hashes of its elements, so that it can follow each change and no order matters. It finds divergence; it does not
// resist someone who looks for collisions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenon::kv {

// Every bit of `value` changes about half of the bits of the result.
constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
  value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93u;
  return value ^ (value >> 32);
}

// Takes the parts of one element in their order.
class StateHash {
 public:
  explicit constexpr StateHash(std::uint64_t kind) noexcept : state_(mixed(kind + 1)) {}

  constexpr StateHash& number(std::uint64_t value) noexcept {
    state_ = mixed(state_ + value * 0x9e3779b97f4a7c15u + 1);
    return *this;
  }
  StateHash& block(std::string_view bytes) noexcept {
    number(bytes.size());
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t taken = bytes.size() < sizeof word ? bytes.size() : sizeof word;
      std::memcpy(&word, bytes.data(), taken);
      number(word);
      bytes.remove_prefix(taken);
    }
    return *this;
  }
  constexpr std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace tenon::kv
