// SPDX-License-Identifier: MIT
#include "faults/damage.hpp"

#include <vector>

namespace tenon::sim {
namespace {

constexpr std::uint64_t kBlockBytes = support::MemoryFileSystem::kSectorBytes;
constexpr std::uint64_t kSlotBytes = 8192;  // of the hard state's file, in docs/formats.md
constexpr std::uint64_t kRecordBytes = 44;  // of a slot, before its payload: all of it matters
constexpr std::string_view kHardState = "hard_state";

// A part of a file that may be damaged.
struct Range {
  std::string name;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::vector<std::string> files_of(const support::MemoryFileSystem& disk, std::string_view suffix) {
  std::vector<std::string> names;
  for (const std::string& name : disk.list()) {
    if (std::string_view(name).ends_with(suffix)) names.push_back(name);
  }
  return names;
}

std::optional<Range> find_range(const support::MemoryFileSystem& disk, DamageTarget target, Stream& random) {
  if (target == DamageTarget::hard_state) {
    // Always the second slot: two that are damaged are no promise's matter.
    if (files_of(disk, kHardState).empty() || disk.durable(kHardState).size() < 2 * kSlotBytes) return std::nullopt;
    return Range{std::string(kHardState), kSlotBytes, kSlotBytes + kRecordBytes};
  }
  const bool is_log = target == DamageTarget::log;
  const std::vector<std::string> names = files_of(disk, is_log ? ".wal" : ".image");
  if (names.empty()) return std::nullopt;
  const std::string& name = random.pick(names);
  const bool is_last = is_log && name == names.back();
  const std::uint64_t end = is_last ? disk.settled_bytes(name) : disk.durable(name).size();
  if (end == 0) return std::nullopt;
  return Range{name, 0, end};
}

}  // namespace

bool damage(support::MemoryFileSystem& disk, DamageTarget target, DamageKind kind, const std::string& old_hard_state,
            Stream& random) {
  std::optional<Range> range = find_range(disk, target, random);
  if (!range) return false;
  const std::string& file = disk.durable(range->name);
  std::uint64_t offset = random.between(range->begin, range->end - 1);
  std::string bytes(1, static_cast<char>(file[offset] ^ static_cast<char>(1u << random.between(0, 7))));
  if (kind != DamageKind::flipped_bits && target == DamageTarget::hard_state) {
    const bool is_stale = kind == DamageKind::stale_block && old_hard_state.size() >= 2 * kSlotBytes;
    offset = kSlotBytes;
    bytes = is_stale ? old_hard_state.substr(kSlotBytes, kBlockBytes) : std::string(kBlockBytes, '\xa5');
  } else if (kind != DamageKind::flipped_bits) {
    offset = offset / kBlockBytes * kBlockBytes;
    if (offset + kBlockBytes > range->end) return false;
    // Before anything was written there a block held zeros.
    const std::uint64_t other = random.between(0, range->end / kBlockBytes - 1) * kBlockBytes;
    bytes = kind == DamageKind::stale_block ? std::string(kBlockBytes, '\0') : file.substr(other, kBlockBytes);
  }
  if (file.compare(offset, bytes.size(), bytes) == 0) return false;
  disk.damage(range->name, offset, bytes);
  return true;
}

const char* name_of(DamageKind kind) noexcept {
  return kind == DamageKind::flipped_bits  ? "flipped bits"
         : kind == DamageKind::stale_block ? "a stale block"
                                           : "a misdirected block";
}

const char* name_of(DamageTarget target) noexcept {
  return target == DamageTarget::log ? "the log" : target == DamageTarget::hard_state ? "the hard state" : "an image";
}

}  // namespace tenon::sim
