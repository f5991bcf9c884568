// SPDX-License-Identifier: MIT
#include "storage/log_model.hpp"

#include <algorithm>

#include "tenon/storage.h"

namespace tenon::plugin_check {

std::vector<Step> steps_of(const Write& write) {
  std::vector<Step> steps;
  if (write.hard_state) steps.push_back({.hard_state = write.hard_state});
  if (write.truncate_from) steps.push_back({.truncate_from = write.truncate_from});
  for (const Entry& entry : write.entries) steps.push_back({.entries = {entry}});
  if (write.compact_to) steps.push_back({.compact_to = write.compact_to});
  return steps;
}

void LogModel::apply(const Write& write) {
  if (write.hard_state) hard_state_ = *write.hard_state;
  if (write.truncate_from) {
    while (last_ >= *write.truncate_from && !entries_.empty()) {
      entries_.pop_back();
      --last_;
    }
  }
  for (const Entry& entry : write.entries) {
    entries_.push_back(entry);
    last_ = entry.index;
  }
  if (!write.compact_to || *write.compact_to < first_) return;
  first_ = *write.compact_to + 1;
  if (last_ >= *write.compact_to) return;
  entries_.clear();
  floor_ = first_;
  last_ = *write.compact_to;
}

std::string LogModel::difference(const FoundLog& found) const {
  if (found.hard_state != hard_state_) {
    return "hard state: found " + std::to_string(found.hard_state.size()) + " bytes, expected other " +
           std::to_string(hard_state_.size()) + " bytes";
  }
  const std::string expected = "expected first_index from " + std::to_string(floor_) + " to " + std::to_string(first_) +
                               " and last_index " + std::to_string(last_);
  if (found.last != last_ || found.first > first_ || found.first < floor_) {
    return "found first_index " + std::to_string(found.first) + " and last_index " + std::to_string(found.last) + ", " +
           expected;
  }
  if (found.entries.size() != found.last + 1 - found.first) {
    return "found " + std::to_string(found.entries.size()) + " entries from " + std::to_string(found.first) + " on, " +
           expected;
  }
  for (const Entry& entry : found.entries) {
    const bool within = entry.index >= found.first && entry.index <= found.last;
    if (!within) return "found " + text_of(entry) + " where another index was expected";
    if (entry != at(entry.index)) {
      return "found " + text_of(entry) + ", expected " + text_of(at(entry.index)) + " with the data that was written";
    }
  }
  return {};
}

std::string prefix_difference(const FoundLog& found, const std::vector<Write>& writes, std::uint64_t acknowledged,
                              std::uint64_t given, LogModel& matched) {
  for (std::uint64_t write = 0; write < acknowledged; ++write) matched.apply(writes[write]);
  std::string difference = matched.difference(found);
  const std::string of_acknowledged = difference;
  for (std::uint64_t write = acknowledged; write < given && !difference.empty(); ++write) {
    for (const Step& step : steps_of(writes[write])) {
      matched.apply(step);
      difference = matched.difference(found);
      if (difference.empty()) break;
    }
  }
  if (difference.empty()) return {};
  return "durable(" + std::to_string(acknowledged) + ") had been reported and " + std::to_string(given) +
         " writes given, and what is found is the effect of none of the prefixes in between. After the durable ones: " +
         of_acknowledged;
}

std::string text_of(const Entry& entry) {
  return "entry " + std::to_string(entry.index) + " of term " + std::to_string(entry.term) + ", " +
         std::to_string(entry.data.size()) + " bytes";
}

std::string WriteGenerator::bytes(std::uint64_t size) {
  std::string text(static_cast<std::size_t>(size), '\0');
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint64_t word = generator_();
    for (std::size_t byte = at; byte < std::min(at + 8, text.size()); ++byte, word >>= 8) {
      text[byte] = static_cast<char>(word & 0xff);
    }
  }
  return text;
}

Write WriteGenerator::entries(const LogModel& model, std::uint64_t count, std::uint64_t bytes_each) {
  Write write;
  for (std::uint64_t entry = 1; entry <= count; ++entry) {
    write.entries.push_back({model.last() + entry, term_, bytes(bytes_each)});
  }
  return write;
}

Write WriteGenerator::next(LogModel& model) {
  Write write;
  if (below(4) == 0) write.hard_state = bytes(1 + (below(8) == 0 ? TENON_HARD_STATE_BYTES_MAX - 1 : below(200)));
  if (below(8) == 0 && model.last() >= model.first()) {
    write.truncate_from = model.first() + below(model.last() + 1 - model.first());
    ++term_;
  }
  const std::uint64_t last = write.truncate_from ? *write.truncate_from - 1 : model.last();
  const std::uint64_t count = below(3) == 0 && (write.hard_state || write.truncate_from) ? 0 : 1 + below(6);
  for (std::uint64_t entry = 1; entry <= count; ++entry) {
    const std::uint64_t kind = below(40);
    const std::uint64_t size = kind == 0 ? 20'000 : kind < 4 ? below(6'000) : below(200);
    write.entries.push_back({last + entry, term_, bytes(size)});
  }
  const std::uint64_t end = last + count;
  if (below(20) == 0 && end >= model.first()) write.compact_to = model.first() + below(end + 1 - model.first());
  if (below(60) == 0) write.compact_to = end + 1 + below(50);
  model.apply(write);
  return write;
}

}  // namespace tenon::plugin_check
