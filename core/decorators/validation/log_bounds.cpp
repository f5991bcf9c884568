// SPDX-License-Identifier: MIT
#include "log_bounds.hpp"

#include <algorithm>

namespace tenon::validation {
namespace {

constexpr std::uint64_t kParts =
    TENON_WRITE_HARD_STATE | TENON_WRITE_TRUNCATE_SUFFIX | TENON_WRITE_ENTRIES | TENON_WRITE_COMPACT_PREFIX;

std::string range(std::uint64_t first, std::uint64_t end) {
  return "[" + std::to_string(first) + ", " + std::to_string(end) + ")";
}

std::optional<Fault> check_hard_state(const tenon_write& write) {
  if ((write.parts & TENON_WRITE_HARD_STATE) == 0) return std::nullopt;
  if (write.hard_state.size >= 1 && write.hard_state.size <= TENON_HARD_STATE_BYTES_MAX) return std::nullopt;
  return Fault{Rule::argument, "a hard state of " + std::to_string(write.hard_state.size) + " bytes",
               "1 to " + std::to_string(TENON_HARD_STATE_BYTES_MAX)};
}

}  // namespace

void LogBounds::open(const tenon_recovered& found) noexcept {
  last_sequence_ = 0;
  first_index_ = found.first_index;
  last_index_ = found.last_index;
}

std::optional<Fault> LogBounds::write(const tenon_write& write) {
  std::optional<Fault> fault;
  if (write.struct_size < sizeof write) {
    fault = Fault{Rule::argument, "a write of " + std::to_string(write.struct_size) + " bytes",
                  std::to_string(sizeof write)};
  } else if (write.sequence != last_sequence_ + 1) {
    fault = Fault{Rule::sequence,
                  "the write " + std::to_string(write.sequence) + " after " + std::to_string(last_sequence_),
                  std::to_string(last_sequence_ + 1)};
  } else if (write.parts == 0 || (write.parts & ~kParts) != 0) {
    fault = Fault{Rule::argument, "the parts " + std::to_string(write.parts), "some of TENON_WRITE_*, and no others"};
  } else {
    fault = check_hard_state(write);
  }
  last_sequence_ = std::max(last_sequence_, write.sequence);
  const std::optional<Fault> of_log = apply(write);
  return fault ? fault : of_log;
}

std::optional<Fault> LogBounds::apply(const tenon_write& write) {
  std::optional<Fault> fault;
  if ((write.parts & TENON_WRITE_TRUNCATE_SUFFIX) != 0) {
    if (write.truncate_from < first_index_) {
      fault = Fault{Rule::sequence, "a truncation from " + std::to_string(write.truncate_from) + " of a log " + text(),
                    "an index that is not forgotten"};
    }
    last_index_ = std::min(last_index_, std::max(write.truncate_from, first_index_) - 1);
  }
  if ((write.parts & TENON_WRITE_ENTRIES) != 0) {
    const std::optional<Fault> of_entries = append(write);
    if (!fault) fault = of_entries;
  }
  if ((write.parts & TENON_WRITE_COMPACT_PREFIX) != 0) {
    first_index_ = std::max(first_index_, write.compact_to + 1);
    last_index_ = std::max(last_index_, write.compact_to);
  }
  return fault;
}

std::optional<Fault> LogBounds::append(const tenon_write& write) {
  if (write.entries == nullptr || write.entry_count == 0) {
    return Fault{Rule::argument, "the part TENON_WRITE_ENTRIES without entries", "at least one"};
  }
  std::optional<Fault> fault;
  for (std::uint64_t i = 0; i < write.entry_count; ++i) {
    const tenon_entry& entry = write.entries[i];
    if (!fault && entry.index != last_index_ + 1) {
      fault = Fault{Rule::sequence, "the entry " + std::to_string(entry.index) + " after a log " + text(),
                    "the entry " + std::to_string(last_index_ + 1)};
    }
    if (!fault && entry.data.size != 0 && entry.data.data == nullptr) {
      fault = Fault{Rule::argument, "the entry " + std::to_string(entry.index) + " with a size and no bytes", "both"};
    }
    last_index_ = entry.index;
  }
  return fault;
}

std::optional<Fault> LogBounds::read(std::uint64_t first, std::uint64_t end) const {
  if (first < end && first >= first_index_ && end <= last_index_ + 1) return std::nullopt;
  return Fault{Rule::read, "a read of " + range(first, end) + " from a log " + text(), "a range within it, not empty"};
}

std::string LogBounds::text() const { return range(first_index_, last_index_ + 1); }

}  // namespace tenon::validation
