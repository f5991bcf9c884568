// SPDX-License-Identifier: MIT
// Commands drawn from a seeded generator or whatever else gives numbers, with the memory that their views borrow.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "kv/command.hpp"
#include "raft/random.hpp"

namespace tenon::kv {

class RandomCommand {
 public:
  // Gives a number below the one it is called with, which is > 0.
  using Below = std::function<std::uint64_t(std::uint64_t)>;

  // Keys have fewer than key_bytes_end bytes of an alphabet of three.
  explicit RandomCommand(Below below, std::size_t key_bytes_end = 4)
      : below_(std::move(below)), key_bytes_end_(key_bytes_end) {}
  explicit RandomCommand(std::uint64_t seed, std::size_t key_bytes_end = 4)
      : RandomCommand([random = raft::Random(seed)](std::uint64_t end) mutable { return random.below(end); },
                      key_bytes_end) {}

  // Of every kind that works on keys, with keys from a small set, so that operations meet. The command lives until the
  // next call. Revisions that it names are 0, or that of `revision` or near it.
  Command draw(std::uint64_t revision = 0);
  // The same, now and then of a session or on sessions.
  Command draw_with_session();
  Command draw_read(std::uint64_t revision);

 private:
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  std::string_view draw_key();
  std::string draw_pattern();
  Compare draw_compare();
  Operation draw_operation(std::uint32_t kind);
  void draw_range(Operation& operation);
  std::uint64_t draw_revision();

  const Below below_;
  const std::size_t key_bytes_end_;
  std::uint64_t revision_ = 0;
  std::deque<std::string> kept_;
};

}  // namespace tenon::kv
