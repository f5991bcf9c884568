// SPDX-License-Identifier: MIT
#include "operations.hpp"

#include <limits>

#include "support/catch.hpp"

namespace tenon::kv {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

std::string value_of(Machine& run, std::string_view key) {
  const Result result = run.one(get(key));
  return result.records.empty() ? "absent" : result.records[0].value;
}

}  // namespace

TEST_CASE("an append makes the value longer, or makes it, and gives its length") {
  Machine run;
  CHECK(run.one(append("k", "ab", 5)).number == 2);
  CHECK(run.one(append("k", "cde", 5)).number == 5);
  CHECK(value_of(run, "k") == "abcde");
  const Result beyond = run.one(append("k", "f", 5));
  CHECK(beyond.error == TENON_ERROR_TOO_LARGE);
  CHECK(beyond.number == 0);
  CHECK(value_of(run, "k") == "abcde");
  CHECK(run.one(get("k")).records.at(0).version == 2);
}

TEST_CASE("an increment adds to decimal text, counts an absent key as 0, and gives the sum") {
  Machine run;
  CHECK(run.one(increment("n", 5)).number == 5);
  CHECK(run.one(increment("n", -7)).number == -2);
  CHECK(value_of(run, "n") == "-2");
  run.one(put("n", std::to_string(kLeast)));
  CHECK(run.one(increment("n", kMost)).number == -1);
}

TEST_CASE("an increment is refused when the value is no number, or the sum would not be one") {
  Machine run;
  for (const std::string value : {"", "x", "1x", " 1", "1 ", "+1", "-", "1.0", "9223372036854775808"}) {
    CAPTURE(value);
    run.one(put("n", value));
    CHECK(run.one(increment("n", 1)).error == TENON_ERROR_WRONG_TYPE);
    CHECK(value_of(run, "n") == value);
  }
  run.one(put("n", std::to_string(kMost)));
  CHECK(run.one(increment("n", 1)).error == TENON_ERROR_WRONG_TYPE);
  CHECK(run.one(increment("n", 0)).number == kMost);
  run.one(put("n", std::to_string(kLeast)));
  CHECK(run.one(increment("n", -1)).error == TENON_ERROR_WRONG_TYPE);
  CHECK(run.one(increment("n", kMost)).error == TENON_OK);
}

TEST_CASE("an increment that fails tells a number that cannot grow from a value that is none") {
  Machine run;
  const auto failed = [&run](std::int64_t delta) {
    Command counting = command({increment("n", delta)});
    counting.independent = true;
    const Result result = run(counting).results.at(0);
    CHECK(result.error == TENON_ERROR_WRONG_TYPE);
    return result.number;
  };
  run.one(put("n", "x"));
  CHECK(failed(1) == 0);
  run.one(put("n", std::to_string(kMost)));
  CHECK(failed(1) == kMost);
  run.one(put("n", std::to_string(kLeast)));
  CHECK(failed(-1) == kLeast);
}

TEST_CASE("a range is deleted up to its limit, and the cursor tells that there is more") {
  Machine run;
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) run.one(put(key, "v"));
  const std::uint64_t before = run.store.revision();
  Operation operation = erase_range("b", "e", 2);
  const Result first = run.one(operation);
  CHECK(first.number == 2);
  CHECK(decode_cursor(first.cursor)->key == "c");
  operation.cursor = first.cursor;
  const Result second = run.one(operation);
  CHECK(second.number == 1);
  CHECK(second.cursor.empty());
  CHECK(run.store.revision() == before + 2);
  CHECK(run.one(operation).number == 0);
  CHECK(run.store.revision() == before + 2);
  CHECK(run.store.key_count() == 2);
  Operation prefix = erase_range("a", "", 10);
  prefix.flags = TENON_RANGE_PREFIX;
  CHECK(run.one(prefix).number == 1);
  CHECK(value_of(run, "e") == "v");
}

TEST_CASE("one delete of a range takes no more keys than a request may touch") {
  Machine run;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kOperationKeysMax + 1; ++i) keys.push_back(std::to_string(i));
  Command puts;
  for (const std::string& key : keys) puts.operations.push_back(put(key, ""));
  run(puts);
  const Result result = run.one(erase_range("", "", std::numeric_limits<std::uint64_t>::max()));
  CHECK(result.number == static_cast<std::int64_t>(kOperationKeysMax));
  CHECK_FALSE(result.cursor.empty());
  CHECK(run.store.key_count() == 1);
}

TEST_CASE("when an operation fails every other one of its command is undone, whatever it did") {
  Machine run;
  run(command({put("text", "x"), put("kept", "1"), put("erased", "1"), put("b", "1", 0, 1'000), put("c", "1")}));
  const std::uint64_t hash_before = [&] {
    run.at(run.time_ms);
    return run.store.state_hash();
  }();
  const Command failing = command({put("kept", "2"), put("new", "1"), erase("erased"), append("kept", "3", 10),
                                   increment("count", 4), erase_range("b", "d", 10), put("b", "again"),
                                   expire("kept", 5), persist("b"), erase("new"), increment("text", 1)});
  const Reply failed = run.store.apply(failing);
  REQUIRE(failed.results.size() == failing.operations.size());
  for (const Result& result : failed.results) {
    CHECK(result.error == TENON_ERROR_WRONG_TYPE);
    CHECK(result.number == 0);
    CHECK(result.records.empty());
  }
  CHECK(run.store.state_hash() == hash_before);
  CHECK(run.store.revision() == 1);
  CHECK(run.store.key_count() == 5);
  CHECK(run.store.next_expiry_ms() == std::uint64_t{1'001});
  Command independent = failing;
  independent.independent = true;
  const Reply partly = run.store.apply(independent);
  CHECK(partly.results.at(0).error == TENON_OK);
  CHECK(partly.results.at(10).error == TENON_ERROR_WRONG_TYPE);
  CHECK(run.store.revision() == 2);
}

TEST_CASE("a read of another revision than that of the state is refused, by name or by cursor") {
  Machine run;
  run(command({put("a", "1"), put("b", "1")}));
  Operation scan = of_kind(TENON_SCAN, "");
  scan.limit = 1;
  scan.limit_bytes = 100;
  const std::string cursor = run.store.read(command({scan})).results.at(0).cursor;
  scan.cursor = cursor;
  CHECK(run.store.read(command({scan})).results.at(0).records.at(0).key == "b");
  const std::shared_ptr<const Snapshot> snapshot = run.store.pin();
  run(command({put("b", "2")}));
  CHECK(run.store.read(command({scan})).results.at(0).error == TENON_ERROR_COMPACTED);
  CHECK(snapshot->read(command({scan})).results.at(0).records.at(0).value == "1");
  Operation earlier = get("b");
  earlier.revision = 1;
  CHECK(run.store.read(command({earlier})).results.at(0).error == TENON_ERROR_COMPACTED);
  CHECK(snapshot->read(command({earlier})).results.at(0).records.at(0).value == "1");
  earlier.revision = 3;
  CHECK(run.store.read(command({earlier})).results.at(0).error == TENON_ERROR_INVALID);
}

}  // namespace tenon::kv
