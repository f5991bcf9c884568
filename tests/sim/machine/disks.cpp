// SPDX-License-Identifier: MIT
#include "machine/disks.hpp"

#include <algorithm>

namespace tenon::sim {
namespace {

bool is_known_as(const raft::Incarnation& disk, const raft::Incarnation& known) {
  return known == raft::Incarnation{} || known == disk;
}

}  // namespace

void Disks::acknowledged(const raft::Incarnation& disk, const Leadership& leadership, raft::LogIndex match) {
  raft::LogIndex& greatest = acknowledged_[disk][leadership];
  greatest = std::max(greatest, match);
}

// What an image stands for was committed.
bool Disks::has(std::span<const raft::Term> log_terms, const Entry& entry) const {
  const std::size_t place = entry.index.value() - 1;
  if (place >= log_terms.size()) return false;
  if (log_terms[place] != raft::Term()) return log_terms[place] == entry.term;
  return place < committed_.size() && committed_[place] == entry.term;
}

bool Disks::was_told(const raft::Incarnation& disk, const Entry& entry,
                     const std::optional<Leadership>& leadership) const {
  const auto known = acknowledged_.find(disk);
  if (known == acknowledged_.end()) return false;
  return std::any_of(known->second.begin(), known->second.end(), [&](const auto& told) {
    return (!leadership || told.first == *leadership) && told.second >= entry.index;
  });
}

bool Disks::hold(const DisksOfNode& disks, const raft::Incarnation& known, const Entry& entry,
                 const std::optional<Leadership>& leadership) const {
  if (is_known_as(disks.present.incarnation, known) && has(disks.present.log_terms, entry)) return true;
  return std::any_of(disks.lost.begin(), disks.lost.end(), [&](const LostDisk& lost) {
    return is_known_as(lost.incarnation, known) && has(lost.log_terms, entry) &&
           was_told(lost.incarnation, entry, leadership);
  });
}

bool Disks::have_gone_on(const DisksOfNode& disks, const raft::Incarnation& known, raft::Term term) {
  const auto has_gone_on = [&](const auto& disk) { return is_known_as(disk.incarnation, known) && disk.term > term; };
  return has_gone_on(disks.present) || std::any_of(disks.lost.begin(), disks.lost.end(), has_gone_on);
}

}  // namespace tenon::sim
