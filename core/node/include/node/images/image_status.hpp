// SPDX-License-Identifier: MIT
// What there is to say of a node's images, for status, metrics and the operator.
#pragma once

#include <cstdint>

#include "raft/types.hpp"

namespace tenon::node {

struct ImageStatus {
  raft::LogIndex index;  // of the newest; 0: there is none
  std::uint64_t bytes = 0;
  bool is_being_taken = false;
  bool is_being_received = false;
  std::uint64_t taken = 0;     // since the start
  std::uint64_t received = 0;  // the same
  std::uint64_t sending = 0;   // transfers under way
  bool operator==(const ImageStatus&) const = default;
};

}  // namespace tenon::node
