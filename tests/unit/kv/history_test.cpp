// SPDX-License-Identifier: MIT
#include "kv/history.hpp"

#include <random>

#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

constexpr std::size_t kPlentyBytes = 1u << 20;
constexpr PageLimits kPlenty{kPlentyBytes, kPlentyBytes};

Change put(std::uint64_t revision, std::string_view key, std::string_view value) {
  return {TENON_RECORD_CURRENT, key, {value, revision, revision, 1, 0}, std::nullopt};
}

// "1:a 2:b", the revisions and keys of a page.
std::string text(const HistoryPage& page) {
  std::string made;
  for (const Change& change : page.changes) {
    made += (made.empty() ? "" : " ") + std::to_string(change.now.modified) + ":" + std::string(change.key);
  }
  return made;
}

}  // namespace

TEST_CASE("changes are read in order, and a page says where to go on") {
  History history(kPlentyBytes);
  history.append(put(1, "b", "x"));
  history.append(put(2, "a", "y"));
  history.append(put(2, "c", "z"));
  const HistoryPage all = history.read(1, {}, kPlenty);
  CHECK(text(all) == "1:b 2:a 2:c");
  CHECK(all.next_revision == 3);
  CHECK_FALSE(all.compacted);
  CHECK(text(history.read(2, {}, kPlenty)) == "2:a 2:c");
  CHECK(history.read(3, {}, kPlenty).changes.empty());
  CHECK(history.read(9, {}, kPlenty).next_revision == 9);
}

TEST_CASE("a change is read with all that is known of it") {
  History history(kPlentyBytes);
  history.append({TENON_RECORD_CURRENT, "k", {"new", 3, 7, 4, 99}, Version{"old", 3, 5, 3, 0}});
  history.append({TENON_RECORD_EXPIRED, "k", {"", 0, 8, 0, 0}, Version{"new", 3, 7, 4, 99}});
  const HistoryPage page = history.read(1, {}, kPlenty);
  REQUIRE(page.changes.size() == 2);
  CHECK(page.changes[0].now.value == "new");
  CHECK(page.changes[0].now.created == 3);
  CHECK(page.changes[0].now.version == 4);
  CHECK(page.changes[0].now.expires_at_ms == 99);
  REQUIRE(page.changes[0].previous);
  CHECK(page.changes[0].previous->value == "old");
  CHECK(page.changes[0].previous->modified == 5);
  CHECK(page.changes[1].kind == TENON_RECORD_EXPIRED);
  CHECK(page.changes[1].previous->expires_at_ms == 99);
}

TEST_CASE("only the range is read") {
  History history(kPlentyBytes);
  std::uint64_t revision = 0;
  for (const char* const key : {"a", "b", "ba", "c"}) history.append(put(++revision, key, ""));
  CHECK(text(history.read(1, {"b", "c"}, kPlenty)) == "2:b 3:ba");
  CHECK(text(history.read(1, {"b", ""}, kPlenty)) == "2:b 3:ba 4:c");
  CHECK(history.read(1, {"d", ""}, kPlenty).next_revision == 5);
}

TEST_CASE("a page never divides a revision, and has at least one") {
  History history(kPlentyBytes);
  for (const char* const key : {"a", "b", "c"}) history.append(put(1, key, ""));
  for (const char* const key : {"a", "b", "c"}) history.append(put(2, key, ""));
  history.append(put(3, "d", ""));
  const HistoryPage first = history.read(1, {}, {1, 1000});
  CHECK(text(first) == "1:a 1:b 1:c");
  CHECK(first.next_revision == 2);
  const std::size_t four = 4 * (History::kChangeBytes + 1);
  CHECK(text(history.read(2, {}, {four, 1000})) == "2:a 2:b 2:c 3:d");
  CHECK(text(history.read(2, {}, {four - 1, 1000})) == "2:a 2:b 2:c");
  CHECK(text(history.read(2, {}, {four, 3})) == "2:a 2:b 2:c");
  CHECK(text(history.read(2, {}, {four, 1})) == "2:a 2:b 2:c");
}

TEST_CASE("one read looks at a bounded number of changes and goes on behind them") {
  History history(std::size_t{16} << 20);
  const std::uint64_t count = 3 * History::kExaminedMax;
  for (std::uint64_t revision = 1; revision <= count; ++revision) history.append(put(revision, "other", ""));
  history.append(put(count + 1, "wanted", ""));
  std::uint64_t from = 1;
  std::string found;
  for (int reads = 0; reads < 4 && found.empty(); ++reads) {
    const HistoryPage page = history.read(from, {"wanted", ""}, kPlenty);
    CHECK(page.next_revision - from <= History::kExaminedMax + 1);
    CHECK(page.next_revision > from);
    from = page.next_revision;
    found = text(page);
  }
  CHECK(found == std::to_string(count + 1) + ":wanted");
}

TEST_CASE("the oldest revisions go when the bytes are used up, and whoever wants them is told") {
  const std::size_t each = History::kChangeBytes + 1 + 9;
  History history(4 * each);
  for (std::uint64_t revision = 1; revision <= 6; ++revision) history.append(put(revision, "k", "123456789"));
  CHECK(history.bytes() == 4 * each);
  CHECK(history.oldest() == 3);
  const HistoryPage page = history.read(2, {}, kPlenty);
  CHECK(page.compacted);
  CHECK(page.next_revision == 3);
  CHECK(page.changes.empty());
  CHECK(text(history.read(3, {}, kPlenty)) == "3:k 4:k 5:k 6:k");
}

TEST_CASE("a revision goes as a whole") {
  const std::size_t each = History::kChangeBytes + 1;
  History history(4 * each);
  for (const char* const key : {"a", "b", "c"}) history.append(put(1, key, ""));
  history.append(put(2, "d", ""));
  history.append(put(3, "e", ""));
  CHECK(history.oldest() == 2);
  CHECK(history.bytes() == 2 * each);
}

TEST_CASE("a revision that is larger than the history is not kept in part") {
  const std::size_t each = History::kChangeBytes + 1;
  History history(2 * each);
  history.append(put(1, "z", ""));
  for (const char* const key : {"a", "b", "c", "d"}) history.append(put(2, key, ""));
  CHECK(history.oldest() == 3);
  CHECK(history.bytes() == 0);
  CHECK(history.read(2, {}, kPlenty).compacted);
  history.append(put(3, "e", ""));
  CHECK(text(history.read(3, {}, kPlenty)) == "3:e");
  const std::string large(4 * each, 'v');
  history.append(put(4, "f", large));
  CHECK(history.read(4, {}, kPlenty).compacted);
  CHECK(history.oldest() == 5);
}

TEST_CASE("a state that was replaced has no history") {
  History history(kPlentyBytes, 5);
  CHECK(history.read(5, {}, kPlenty).compacted);
  CHECK_FALSE(history.read(6, {}, kPlenty).compacted);
  history.append(put(6, "k", "v"));
  history.reset(20);
  CHECK(history.bytes() == 0);
  CHECK(history.read(7, {}, kPlenty).next_revision == 21);
  history.append(put(21, "k", "v"));
  CHECK(text(history.read(21, {}, kPlenty)) == "21:k");
}

// A reader that goes page by page sees every change of its range once, whatever it is dropped behind, or is told.
TEST_CASE("pages of random changes join without a gap") {
  std::mt19937 random(7);
  const auto below = [&random](unsigned bound) {
    return std::uniform_int_distribution<unsigned>(0, bound - 1)(random);
  };
  for (int round = 0; round < 50; ++round) {
    History history(History::kChangeBytes * (4 + below(60)));
    std::vector<std::pair<std::uint64_t, std::string>> all;
    std::vector<std::pair<std::uint64_t, std::string>> seen;
    std::uint64_t next = 1;
    std::uint64_t revision = 0;
    for (int step = 0; step < 200; ++step) {
      ++revision;
      for (unsigned left = 1 + below(5); left > 0; --left) {
        const std::string key(1, static_cast<char>('a' + below(8)));
        history.append(put(revision, key, std::string(below(40), 'v')));
        if (key >= "c") all.emplace_back(revision, key);
      }
      CHECK(history.bytes() <= History::kChangeBytes * 64);
      if (below(4) != 0) continue;
      const HistoryPage page = history.read(next, {"c", ""}, {1 + below(2000), 1 + below(20)});
      if (page.compacted) {
        std::erase_if(all, [&page](const auto& change) { return change.first < page.next_revision; });
        seen.clear();
      }
      for (const Change& change : page.changes) seen.emplace_back(change.now.modified, change.key);
      next = page.next_revision;
    }
    while (next <= revision) {
      const HistoryPage page = history.read(next, {"c", ""}, {500, 1000});
      if (page.compacted) {
        std::erase_if(all, [&page](const auto& change) { return change.first < page.next_revision; });
        seen.clear();
      }
      for (const Change& change : page.changes) seen.emplace_back(change.now.modified, change.key);
      next = page.next_revision;
    }
    CHECK(seen == all);
  }
}

}  // namespace tenon::kv
