// SPDX-License-Identifier: MIT
#include "support/raft_disk.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/raft_text.hpp"

namespace tenon::support {

using namespace raft;

const Entry* Disk::find(LogIndex index) const noexcept {
  return index < first || index > last() ? nullptr : &entries[index.value() - first.value()];
}

bool Disk::log_joins_image() const noexcept {
  if (first == image.index.next()) return true;
  const Entry* entry = find(image.index);
  return entry != nullptr && entry->term == image.term;
}

void Disk::apply(const Write& write) {
  if (write.hard_state) hard_state = *write.hard_state;
  if (write.truncate_from && *write.truncate_from <= last()) {
    if (*write.truncate_from < first) throw std::logic_error("a write truncates what was compacted");
    entries.resize(write.truncate_from->value() - first.value(), Entry{});
  }
  for (const Entry& entry : write.entries) {
    if (entry.index != last().next()) throw std::logic_error("a write leaves a gap in the log");
    entries.push_back(entry);
  }
  if (write.compact_to) compact(*write.compact_to);
}

void Disk::compact(LogIndex up_to) {
  if (up_to > image.index) {
    throw std::logic_error("the log is compacted up to " + to_text(up_to) + ", and the image ends at " +
                           to_text(image.index));
  }
  if (up_to < first) return;
  const std::uint64_t gone = std::min<std::uint64_t>(up_to.value() - first.value() + 1, entries.size());
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(gone));
  first = up_to.next();
}

void Disk::recover() {
  hard_state.term = std::max(hard_state.term, image.term);
  if (log_joins_image()) return;
  entries.clear();
  first = image.index.next();
}

}  // namespace tenon::support
