// SPDX-License-Identifier: MIT
// Commands drawn from a seeded generator, with the memory that their views borrow.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "kv/command.hpp"
#include "raft/random.hpp"

namespace tenon::kv {

class RandomCommand {
 public:
  explicit RandomCommand(std::uint64_t seed) noexcept : random_(seed) {}

  // Of every kind that a command knows, with keys from a small set, so that operations meet. The command lives until
  // the next call.
  Command draw();

 private:
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  std::string_view draw_key();
  Compare draw_compare();
  Operation draw_operation();

  raft::Random random_;
  std::deque<std::string> kept_;
};

}  // namespace tenon::kv
