// SPDX-License-Identifier: MIT
// Damage to what a disk holds durably: bits that flip, blocks that show what they held before, and blocks that hold
// what was meant for another place. Only where the formats promise that it is found: of the log all but the last batch,
// of the hard state one slot, and images.
#pragma once

#include <optional>
#include <string>

#include "stream.hpp"
#include "support/memory_file_system.hpp"

namespace tenon::sim {

enum class DamageKind { flipped_bits, stale_block, misdirected_block, count };
enum class DamageTarget { log, hard_state, image, count };

// Damages one place of it; returns false when there is nothing that may be damaged, or the bytes were those already.
// `old_hard_state` is what the file of the hard state held earlier.
bool damage(support::MemoryFileSystem& disk, DamageTarget target, DamageKind kind, const std::string& old_hard_state,
            Stream& random);

const char* name_of(DamageKind kind) noexcept;
const char* name_of(DamageTarget target) noexcept;

}  // namespace tenon::sim
