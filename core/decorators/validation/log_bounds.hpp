// SPDX-License-Identifier: MIT
// The ends of the log as all writes so far leave it, and what is wrong with the next write by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/storage.h"
#include "validation/finding.hpp"

namespace tenon::validation {

struct Fault {
  Rule rule;
  std::string found;
  std::string expected;
};

class LogBounds {
 public:
  void open(const tenon_recovered& found) noexcept;
  // What is wrong with the write, which takes effect all the same.
  std::optional<Fault> write(const tenon_write& write);
  // What is wrong with a read of [first, end).
  std::optional<Fault> read(std::uint64_t first, std::uint64_t end) const;

  std::uint64_t last_sequence() const noexcept { return last_sequence_; }

 private:
  std::optional<Fault> apply(const tenon_write& write);
  std::optional<Fault> append(const tenon_write& write);
  std::string text() const;

  std::uint64_t last_sequence_ = 0;
  std::uint64_t first_index_ = 1;
  std::uint64_t last_index_ = 0;  // >= first_index_ - 1
};

}  // namespace tenon::validation
