// SPDX-License-Identifier: MIT
#include "hard_state_file.hpp"

#include <algorithm>

#include "tenon/host.hpp"
#include "tenon/testing/mutant.hpp"

namespace tenon::filewal {

std::string HardStateFile::born(const Incarnation& incarnation) {
  std::string slot = encode_hard_state({}, incarnation);
  slot.resize(kSlotStride);
  return slot + slot;
}

bool HardStateFile::is_born(std::string_view encoded) {
  constexpr std::size_t kIncarnationOffset = 24;
  Incarnation incarnation;
  if (encoded.size() != kHardStateFileBytes) return false;
  std::memcpy(incarnation.data(), encoded.data() + kIncarnationOffset, incarnation.size());
  return encoded == born(incarnation);
}

HardStateFile::HardStateFile(std::unique_ptr<File> file, std::string path, const Incarnation& incarnation)
    : file_(std::move(file)), path_(std::move(path)), incarnation_(incarnation) {
  for (std::size_t slot = 0; slot < found_.size(); ++slot) {
    std::string encoded(kSlotStride, '\0');
    encoded.resize(file_->read(slot * kSlotStride, encoded));
    found_[slot] = decode_hard_state(encoded, incarnation_);
  }
  if (!found_[0] && !found_[1]) {
    throw Error(TENON_ERROR_CORRUPT, path_ +
                                         ": both copies of the hard state are damaged, so this node no longer knows "
                                         "its vote and must not run. Nothing was changed. Replace it by a new node");
  }
  if (found_[0] && found_[1] && found_[0]->sequence == found_[1]->sequence &&
      found_[0]->payload != found_[1]->payload) {
    throw Error(TENON_ERROR_CORRUPT, path_ +
                                         ": the two copies of the hard state contradict each other, so this node must "
                                         "not run. Nothing was changed. Replace it by a new node");
  }
  const bool second_is_newer = found_[1] && (!found_[0] || found_[1]->sequence > found_[0]->sequence);
  record_ = second_is_newer ? *found_[1] : *found_[0];
}

void HardStateFile::repair(const LoggerFunction& logger) {
  for (std::size_t slot = 0; slot < found_.size(); ++slot) {
    const std::string copy = slot == 0 ? "first" : "second";
    if (!found_[slot]) {
      logger(TENON_SEVERITY_WARNING,
             path_ + ": the " + copy + " copy of the hard state is damaged; repaired from the other");
    } else if (found_[slot]->sequence != record_.sequence && slot == 0) {
      logger(TENON_SEVERITY_WARNING, path_ +
                                         ": the first copy of the hard state is older than the second, so the "
                                         "disk has lost a write; repaired from the other");
    } else if (found_[slot]->sequence != record_.sequence) {
      logger(TENON_SEVERITY_INFO, path_ + ": a crash had left the second copy of the hard state older; repaired");
    }
  }
  // The copy that was taken may be in memory only, after a kill or a sync that failed, so it is written again and
  // synced before the other is written over: or a power loss could take both.
  const bool second_taken = !found_[0] || found_[0]->sequence != record_.sequence;
  write_slot(second_taken ? 1 : 0);
  write_slot(second_taken ? 0 : 1);
}

void HardStateFile::persist(std::string_view payload, FileLogStatistics& statistics) {
  record_.payload = payload;
  ++record_.sequence;
  for (std::size_t slot = 0; slot < found_.size(); ++slot) {
    statistics.written_bytes += write_slot(slot);
    ++statistics.syncs;
  }
}

// Makes the copy durable in one slot and returns the bytes written.
std::uint64_t HardStateFile::write_slot(std::size_t slot) {
  const std::string encoded = encode_hard_state(record_, incarnation_);
  const std::string_view piece = encoded;
  file_->write(slot * kSlotStride, std::span(&piece, 1));
  if (!mutant("hard-state-not-synced")) file_->sync();
  return encoded.size();
}

}  // namespace tenon::filewal
