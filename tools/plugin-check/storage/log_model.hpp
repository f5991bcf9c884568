// SPDX-License-Identifier: MIT
// What a log must hold after a stream of writes, as storage.h defines it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tenon::plugin_check {

struct Entry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::string data;
  bool operator==(const Entry&) const = default;
};

// The parts take effect in this order.
struct Write {
  std::optional<std::string> hard_state;
  std::optional<std::uint64_t> truncate_from;
  std::vector<Entry> entries;
  std::optional<std::uint64_t> compact_to;
};

// What a crash cannot cut: one part of a write, of the entries one.
using Step = Write;
std::vector<Step> steps_of(const Write& write);

// What a log was found to hold.
struct FoundLog {
  std::string hard_state;
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  std::vector<Entry> entries;  // first..last
};

class LogModel {
 public:
  void apply(const Write& write);

  const std::string& hard_state() const { return hard_state_; }
  // The first index that has to be kept: behind all that was compacted.
  std::uint64_t first() const { return first_; }
  std::uint64_t last() const { return last_; }
  // Needs: an index from floor() to last().
  const Entry& at(std::uint64_t index) const { return entries_.at(static_cast<std::size_t>(index - floor_)); }
  // The first index that a storage may still have, compacting at leisure.
  std::uint64_t floor() const { return floor_; }

  // How what was found is not what this log holds; empty: it is the same.
  std::string difference(const FoundLog& found) const;

 private:
  std::string hard_state_;
  std::uint64_t floor_ = 1;
  std::uint64_t first_ = 1;  // floor_ <= first_ <= last_ + 1
  std::uint64_t last_ = 0;
  std::deque<Entry> entries_;  // floor_..last_
};

// Looks for a prefix of the writes, at least the first `acknowledged` and at most the first `given`, cut between parts,
// whose effect is what was found, and leaves it in `matched`. Returns how there is none; empty: there is one.
std::string prefix_difference(const FoundLog& found, const std::vector<Write>& writes, std::uint64_t acknowledged,
                              std::uint64_t given, LogModel& matched);

// "entry 5 of term 2, 120 bytes" and the like.
std::string text_of(const Entry& entry);

// Draws writes that a node could make of this log, and applies them to the model.
class WriteGenerator {
 public:
  explicit WriteGenerator(std::mt19937_64 generator) : generator_(generator) {}

  Write next(LogModel& model);
  // `count` entries behind the last, of about this many bytes each.
  Write entries(const LogModel& model, std::uint64_t count, std::uint64_t bytes);
  std::string bytes(std::uint64_t size);
  // From 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) { return generator_() % bound; }

 private:
  std::mt19937_64 generator_;
  std::uint64_t term_ = 1;
};

}  // namespace tenon::plugin_check
