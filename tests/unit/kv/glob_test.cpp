// SPDX-License-Identifier: MIT
#include "kv/glob.hpp"

#include "operations.hpp"
#include "support/catch.hpp"
#include "tenon/check.hpp"

namespace tenon::kv {
namespace {

bool matches(std::string_view pattern, std::string_view key) {
  CAPTURE(pattern, key);
  const std::optional<Glob> glob = Glob::parse(pattern);
  REQUIRE(glob);
  std::size_t steps = kMatchStepsMax;
  const std::optional<bool> told = glob->matches(key, steps);
  REQUIRE(told);
  if (*told) CHECK(key.substr(0, glob->literal_prefix().size()) == glob->literal_prefix());
  return *told;
}

// What a pattern of letters, * and ? means, written down as slowly as can be.
bool means(std::string_view pattern, std::string_view key) {
  if (pattern.empty()) return key.empty();
  if (pattern.front() == '*') {
    return means(pattern.substr(1), key) || (!key.empty() && means(pattern, key.substr(1)));
  }
  const bool one = !key.empty() && (pattern.front() == '?' || pattern.front() == key.front());
  return one && means(pattern.substr(1), key.substr(1));
}

// Every string of up to `size` letters.
std::vector<std::string> words(std::string_view alphabet, std::size_t size) {
  std::vector<std::string> all = {""};
  for (std::size_t begin = 0; all[begin].size() < size; ++begin) {
    for (const char letter : alphabet) all.push_back(all[begin] + letter);
  }
  return all;
}

Operation match(std::string_view pattern, std::uint64_t limit = 1000, std::uint32_t flags = TENON_RANGE_PREFIX) {
  Operation operation = of_kind(TENON_SCAN, "", flags | TENON_SCAN_MATCH);
  operation.value = pattern;
  operation.limit = limit;
  operation.limit_bytes = 1u << 20;
  return operation;
}

std::string listed(const Result& result) {
  std::string keys;
  for (const Record& record : result.records) keys += record.key + " ";
  return keys;
}

}  // namespace

TEST_CASE("each special byte of a pattern stands for what it says") {
  CHECK(matches("user:*", "user:"));
  CHECK(matches("user:*", "user:7"));
  CHECK_FALSE(matches("user:*", "use"));
  CHECK(matches("*:name", "user:7:name"));
  CHECK(matches("u?er", "user"));
  CHECK_FALSE(matches("u?er", "uer"));
  CHECK(matches("[a-c]1", "b1"));
  CHECK_FALSE(matches("[a-c]1", "d1"));
  CHECK(matches("[^a-c]1", "d1"));
  CHECK_FALSE(matches("[^a-c]1", "a1"));
  CHECK(matches("[a-]x", "-x"));
  CHECK(matches("[\\]]", "]"));
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "a"));
  CHECK(matches(std::string("\0?", 2), std::string("\0\xff", 2)));
  CHECK(matches("[\x80-\xff]", "\xc3"));
}

TEST_CASE("stars and question marks match what they mean, for every short pattern and key") {
  const std::vector<std::string> keys = words("ab", 5);
  for (const std::string& pattern : words("ab*?", 5)) {
    if (pattern.empty()) continue;
    for (const std::string& key : keys) REQUIRE(matches(pattern, key) == means(pattern, key));
  }
}

TEST_CASE("what is not a pattern is not taken for one") {
  for (const std::string_view bad : {"", "[", "[a", "[]", "[^]", "[b-a]", "a\\", "[a\\", "[a-\\"}) {
    CAPTURE(bad);
    CHECK_FALSE(Glob::parse(bad));
  }
  CHECK(Glob::parse(std::string(kPatternBytesMax, 'a')));
  CHECK_FALSE(Glob::parse(std::string(kPatternBytesMax + 1, 'a')));
}

TEST_CASE("the worst pattern on the longest key ends within the steps of one command") {
  std::string pattern;
  while (pattern.size() + 2 < kPatternBytesMax) pattern += pattern.size() % 16 == 0 ? "*" : "a";
  std::size_t steps = kMatchStepsMax;
  const std::string key(kKeyBytesMax, 'a');
  CHECK(Glob::parse(pattern + "b")->matches(key, steps) == false);
  pattern = "*" + std::string(kPatternBytesMax - 2, 'a') + "b";
  steps = kMatchStepsMax;
  CHECK(Glob::parse(pattern)->matches(key, steps) == false);
  steps = 1000;
  CHECK(Glob::parse(pattern)->matches(key, steps) == std::nullopt);
}

TEST_CASE("a scan gives the keys that match, in either direction, and counts them") {
  Machine run;
  for (const char* key : {"a", "user:1", "user:1:name", "user:2", "user:2:name", "z"}) run.one(put(key, "v"));
  CHECK(listed(run.one(match("user:*:name"))) == "user:1:name user:2:name ");
  CHECK(listed(run.one(match("user:?", 1000, TENON_RANGE_PREFIX | TENON_SCAN_BACKWARD))) == "user:2 user:1 ");
  CHECK(listed(run.one(match("[az]"))) == "a z ");
  CHECK(run.one(match("*e", 1000, TENON_RANGE_PREFIX | TENON_SCAN_COUNT)).number == 2);
  Operation within = match("user:*", 1000, 0);
  within.key = "user:1:";
  within.range_end = "user:2:";
  CHECK(listed(run.one(within)) == "user:1:name user:2 ");
}

TEST_CASE("pages of a scan that matches go on behind what did not match") {
  Machine run;
  for (std::size_t i = 0; i < 3 * kOperationKeysMax; ++i) run.one(put("k" + std::to_string(i), ""));
  run.one(put("zz", "last"));
  std::string found;
  std::string cursor;
  int pages = 0;
  do {
    Operation operation = match("*z", 1);
    operation.cursor = cursor;
    const Result result = run.one(operation);
    REQUIRE(result.error == TENON_OK);
    found += listed(result);
    cursor = result.cursor;
    REQUIRE(++pages < 10);
  } while (!cursor.empty());
  CHECK(found == "zz ");
  CHECK(pages == 3);
}

TEST_CASE("a command with a pattern is written and read back, one with a malformed pattern is not a command") {
  std::string bytes;
  encode(command({match("user:*")}), bytes);
  const std::optional<Command> read = decode(bytes);
  REQUIRE(read);
  CHECK(read->operations.at(0).value == "user:*");
  bytes.clear();
  encode(command({match("[user")}), bytes);
  CHECK_FALSE(decode(bytes));
}

}  // namespace tenon::kv
