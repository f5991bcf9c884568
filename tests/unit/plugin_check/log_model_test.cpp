// SPDX-License-Identifier: MIT
#include "storage/log_model.hpp"

#include "support/catch.hpp"

namespace tenon::plugin_check {
namespace {

Entry entry(std::uint64_t index, std::uint64_t term = 1) { return {index, term, "data" + std::to_string(index)}; }

FoundLog found(std::uint64_t first, std::vector<Entry> entries, std::string hard_state = {}) {
  const std::uint64_t last = first + entries.size() - 1;
  return {std::move(hard_state), first, last, std::move(entries)};
}

const std::vector<Write> kWrites = {{.entries = {entry(1), entry(2)}},
                                    {.hard_state = "vote", .entries = {entry(3)}},
                                    {.truncate_from = 2, .entries = {entry(2, 5)}}};

std::string difference(const FoundLog& log, std::uint64_t acknowledged, std::uint64_t given) {
  LogModel matched;
  return prefix_difference(log, kWrites, acknowledged, given, matched);
}

}  // namespace

TEST_CASE("a log may be cut between the parts and the entries of a write that was not acknowledged") {
  CHECK(difference(found(1, {}), 0, 3).empty());
  CHECK(difference(found(1, {entry(1)}), 0, 3).empty());
  CHECK(difference(found(1, {entry(1), entry(2)}, "vote"), 1, 3).empty());
  CHECK(difference(found(1, {entry(1)}, "vote"), 2, 3).empty());
  CHECK(difference(found(1, {entry(1), entry(2, 5)}, "vote"), 3, 3).empty());
}

TEST_CASE("a log without what was acknowledged, with what was not given, or with other data is found out") {
  CHECK_FALSE(difference(found(1, {entry(1)}), 1, 3).empty());
  CHECK_FALSE(difference(found(1, {entry(1), entry(2), entry(3)}, "vote"), 0, 1).empty());
  CHECK_FALSE(difference(found(1, {entry(1), entry(2), entry(3)}), 0, 3).empty());  // without the vote before it
  FoundLog other = found(1, {entry(1), entry(2)});
  other.entries[1].data = "datA2";
  CHECK_FALSE(difference(other, 0, 3).empty());
}

TEST_CASE("a compaction within the log may be late, and one beyond its end empties it") {
  LogModel model;
  model.apply(kWrites[0]);
  model.apply({.compact_to = 1});
  CHECK(model.difference(found(2, {entry(2)})).empty());
  CHECK(model.difference(found(1, {entry(1), entry(2)})).empty());
  CHECK_FALSE(model.difference(found(3, {})).empty());
  model.apply({.compact_to = 9});
  CHECK(model.difference(found(10, {})).empty());
  CHECK_FALSE(model.difference(found(1, {entry(1), entry(2)})).empty());
  model.apply({.entries = {entry(10)}});
  CHECK(model.difference(found(10, {entry(10)})).empty());
}

TEST_CASE("generated writes go on where the log ends, and the same seed gives the same") {
  WriteGenerator generator(std::mt19937_64(7));
  WriteGenerator same(std::mt19937_64(7));
  LogModel model;
  LogModel other;
  for (int write = 0; write < 2000; ++write) {
    const std::uint64_t last = model.last();
    const Write next = generator.next(model);
    REQUIRE(next.entries == same.next(other).entries);
    if (!next.entries.empty()) {
      REQUIRE(next.entries.front().index == (next.truncate_from ? *next.truncate_from : last + 1));
    }
    REQUIRE(model.first() <= model.last() + 1);
  }
}

}  // namespace tenon::plugin_check
