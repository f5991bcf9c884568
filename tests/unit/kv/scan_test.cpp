// SPDX-License-Identifier: MIT
#include "kv/store.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

Store holding(const std::vector<std::string>& keys, const std::string& value = "value") {
  Store store;
  Command command;
  for (const std::string& key : keys) {
    Operation& put = command.operations.emplace_back();
    put.kind = TENON_PUT;
    put.key = key;
    put.value = value;
  }
  store.begin_entry(1);
  store.apply(command);
  return store;
}

Operation scan(std::string_view key, std::string_view end, std::uint32_t flags = 0) {
  Operation operation;
  operation.kind = TENON_SCAN;
  operation.flags = flags;
  operation.key = key;
  operation.range_end = end;
  operation.limit = 1000;
  operation.limit_bytes = 1u << 20;
  return operation;
}

Result run(const Store& store, const Operation& operation) {
  Command command;
  command.operations.push_back(operation);
  return store.read(command).results.at(0);
}

std::vector<std::string> keys_of(const Result& result) {
  std::vector<std::string> keys;
  for (const Record& record : result.records) keys.push_back(record.key);
  return keys;
}

// All pages, by the cursors.
std::vector<std::string> all_keys(const Store& store, Operation operation) {
  std::vector<std::string> keys;
  std::string cursor;
  for (int page = 0; page < 1'000; ++page) {
    const Result result = run(store, operation);
    REQUIRE(result.error == TENON_OK);
    for (const std::string& key : keys_of(result)) keys.push_back(key);
    if (result.cursor.empty()) return keys;
    REQUIRE_FALSE(result.records.empty());
    cursor = result.cursor;
    operation.cursor = cursor;
  }
  FAIL("a scan that does not end");
  return keys;
}

using Keys = std::vector<std::string>;
const Keys kKeys = {"a", "ab", "ab\xff", "ab\xff\xff", "ac", "b", "\xff", "\xff\x01", "\xff\xff", "\xff\xff\xff"};

TEST_CASE("a range takes the keys from its first on and below its end") {
  const Store store = holding(kKeys);
  CHECK(keys_of(run(store, scan("", ""))) == kKeys);
  CHECK(keys_of(run(store, scan("ab", "b"))) == Keys{"ab", "ab\xff", "ab\xff\xff", "ac"});
  CHECK(keys_of(run(store, scan("aba", "ac"))) == Keys{"ab\xff", "ab\xff\xff"});
  CHECK(keys_of(run(store, scan("\xff\xff", ""))) == Keys{"\xff\xff", "\xff\xff\xff"});
  CHECK(run(store, scan("b", "a")).records.empty());
  CHECK(run(store, scan("b", "b")).records.empty());
  CHECK(run(Store(), scan("", "")).records.empty());
}

TEST_CASE("a prefix takes the keys that begin with it, also one of 0xff bytes") {
  const Store store = holding(kKeys);
  const auto by_prefix = [&](std::string_view prefix) {
    return keys_of(run(store, scan(prefix, "", TENON_RANGE_PREFIX)));
  };
  CHECK(by_prefix("") == kKeys);
  CHECK(by_prefix("ab") == Keys{"ab", "ab\xff", "ab\xff\xff"});
  CHECK(by_prefix("ab\xff") == Keys{"ab\xff", "ab\xff\xff"});
  CHECK(by_prefix("ab\xff\xff") == Keys{"ab\xff\xff"});
  CHECK(by_prefix("\xff") == Keys{"\xff", "\xff\x01", "\xff\xff", "\xff\xff\xff"});
  CHECK(by_prefix("\xff\xff\xff") == Keys{"\xff\xff\xff"});
  CHECK(by_prefix("c").empty());
}

TEST_CASE("a range of one takes the one key") {
  const Store store = holding(kKeys);
  CHECK(keys_of(run(store, scan("ab", "", TENON_RANGE_ONE))) == Keys{"ab"});
  CHECK(run(store, scan("aa", "", TENON_RANGE_ONE)).records.empty());
}

TEST_CASE("keys alone come without values, and a count without records") {
  const Store store = holding(kKeys);
  const Result keys_only = run(store, scan("a", "b", TENON_SCAN_KEYS));
  REQUIRE(keys_only.records.size() == 5);
  for (const Record& record : keys_only.records) {
    CHECK(record.value.empty());
    CHECK((record.created == 1 && record.modified == 1 && record.version == 1));
  }
  CHECK(keys_only.number == 5);
  const Result count = run(store, scan("", "", TENON_SCAN_COUNT));
  CHECK(count.records.empty());
  CHECK(count.number == 10);
  CHECK(count.cursor.empty());
}

TEST_CASE("pages of every size give each key once, in order") {
  const Store store = holding(kKeys);
  for (const std::uint32_t flags : {0u, std::uint32_t{TENON_SCAN_KEYS}}) {
    for (std::uint64_t limit = 1; limit <= kKeys.size() + 1; ++limit) {
      Operation operation = scan("", "", flags);
      operation.limit = limit;
      CHECK(all_keys(store, operation) == kKeys);
      operation.limit = 1000;
      operation.limit_bytes = limit * 3;
      CHECK(all_keys(store, operation) == kKeys);
    }
  }
  Operation prefixed = scan("\xff", "", TENON_RANGE_PREFIX);
  prefixed.limit = 1;
  CHECK(all_keys(store, prefixed) == Keys{"\xff", "\xff\x01", "\xff\xff", "\xff\xff\xff"});
}

TEST_CASE("the last page has no cursor, and a page that just fits is the last") {
  const Store store = holding({"a", "b"});
  Operation operation = scan("", "");
  operation.limit = 2;
  CHECK(run(store, operation).cursor.empty());
  operation.limit = 1;
  CHECK(run(store, operation).cursor == encode_cursor({1, "a"}));
  operation.limit = 1000;
  constexpr std::uint64_t record_bytes = 1 + 5;  // a key and its value
  operation.limit_bytes = 2 * record_bytes;
  CHECK(run(store, operation).records.size() == 2);
  operation.limit_bytes = 2 * record_bytes - 1;
  CHECK(run(store, operation).records.size() == 1);
  operation.limit_bytes = 1;  // one record comes however large it is
  CHECK(run(store, operation).records.size() == 1);
}

TEST_CASE("a cursor goes on where its key is gone, and does not lead out of the range") {
  const Store store = holding(kKeys);
  Operation operation = scan("ab", "ac");
  const std::string between = encode_cursor({1, "ab\xff\x01"});
  operation.cursor = between;
  CHECK(keys_of(run(store, operation)) == Keys{"ab\xff\xff"});
  const std::string before = encode_cursor({1, "a"});
  operation.cursor = before;
  CHECK(keys_of(run(store, operation)) == Keys{"ab", "ab\xff", "ab\xff\xff"});
  const std::string after = encode_cursor({1, "b"});
  operation.cursor = after;
  CHECK(run(store, operation).records.empty());
  Operation one = scan("ab", "", TENON_RANGE_ONE);
  const std::string itself = encode_cursor({1, "ab"});
  one.cursor = itself;
  CHECK(run(store, one).records.empty());
}

TEST_CASE("a count goes on by its cursor") {
  const Store store = holding(kKeys);
  Operation operation = scan("", "", TENON_SCAN_COUNT);
  operation.limit = 4;
  std::int64_t total = 0;
  std::string cursor;
  for (const std::int64_t expected : {4, 4, 2}) {
    const Result result = run(store, operation);
    CHECK(result.number == expected);
    total += result.number;
    cursor = result.cursor;
    operation.cursor = cursor;
  }
  CHECK(total == 10);
  CHECK(cursor.empty());
}

TEST_CASE("scans share the bytes of one reply: a later one gets what is left, or fails with none") {
  const std::string value(kReplyBytesMax / 4, 'x');
  const Store store = holding({"a", "b", "c", "d"}, value);
  Operation all = scan("", "");
  all.limit_bytes = kReplyBytesMax;
  Command command;
  command.operations = {all, all};
  command.independent = true;
  const Reply reply = store.read(command);
  CHECK(reply.results.at(0).records.size() == 3);
  CHECK(reply.results.at(0).cursor == encode_cursor({1, "c"}));
  CHECK(reply.results.at(1).error == TENON_ERROR_TOO_LARGE);
  CHECK(reply.results.at(1).records.empty());
}

}  // namespace
}  // namespace tenon::kv
