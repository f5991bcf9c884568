// SPDX-License-Identifier: MIT
// The hard state as storage keeps it: 24 bytes.
//
//   u32 checksum    CRC-32C of all that follows
//   u8  format      1
//   u8  zero[3]
//   u64 term
//   u64 voted_for   0: nobody
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "raft/entry.hpp"

namespace tenon::wire {

std::string encode_hard_state(const raft::HardState& hard_state);

// nullopt: the bytes are not what was written, or of a format that is not known here.
std::optional<raft::HardState> decode_hard_state(std::string_view data);

}  // namespace tenon::wire
