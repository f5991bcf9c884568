// SPDX-License-Identifier: MIT
#include <limits>

#include "kv/history.hpp"
#include "kv/image.hpp"
#include "operations.hpp"
#include "support/catch.hpp"

namespace tenon::kv {
namespace {

// Applies within the entry that was begun last.
Result one(Store& store, const Operation& operation) { return store.apply(command({operation})).results.at(0); }

std::optional<std::uint64_t> expiry_of(Store& store, std::string_view key) {
  const Result result = one(store, get(key));
  if (result.records.empty()) return std::nullopt;
  return result.records[0].expires_at_ms;
}

Operation scan_all(std::uint32_t flags = 0) {
  Operation scan = of_kind(TENON_SCAN, "", flags);
  scan.limit = 100;
  scan.limit_bytes = 1'000;
  return scan;
}

}  // namespace

TEST_CASE("a key lives until cluster time has reached its expiry, and not a millisecond longer") {
  Store store;
  store.begin_entry(100);
  one(store, put("k", "v", 0, 50));
  CHECK(store.next_expiry_ms() == std::uint64_t{150});
  store.begin_entry(149);
  CHECK(expiry_of(store, "k") == std::uint64_t{150});
  store.begin_entry(150);
  CHECK(store.key_count() == 0);
  CHECK_FALSE(expiry_of(store, "k").has_value());
  CHECK(store.next_expiry_ms() == std::nullopt);
}

TEST_CASE("an expiry is counted from the entry, or is a point in time, and never wraps around") {
  Store store;
  store.begin_entry(100);
  one(store, put("absolute", "v", TENON_EXPIRY_ABSOLUTE, 120));
  one(store, put("far", "v", 0, std::numeric_limits<std::uint64_t>::max()));
  one(store, put("never", "v"));
  CHECK(expiry_of(store, "absolute") == std::uint64_t{120});
  CHECK(expiry_of(store, "far") == std::numeric_limits<std::uint64_t>::max());
  CHECK(expiry_of(store, "never") == std::uint64_t{0});
}

TEST_CASE("a put takes the expiry away, or leaves it, and an append and an increment leave it") {
  Store store;
  store.begin_entry(100);
  one(store, put("k", "1", 0, 50));
  one(store, put("k", "2", TENON_EXPIRY_KEEP));
  CHECK(expiry_of(store, "k") == std::uint64_t{150});
  one(store, increment("k", 1));
  one(store, append("k", "4", 10));
  CHECK(expiry_of(store, "k") == std::uint64_t{150});
  one(store, put("k", "5"));
  CHECK(expiry_of(store, "k") == std::uint64_t{0});
  one(store, put("new", "1", TENON_EXPIRY_KEEP));
  CHECK(expiry_of(store, "new") == std::uint64_t{0});
}

TEST_CASE("expire sets an expiry and persist takes it away; both are changes, and do nothing to an absent key") {
  Store store;
  store.begin_entry(100);
  one(store, put("k", "v"));
  CHECK(one(store, persist("k")).number == 0);
  CHECK(store.revision() == 1);
  CHECK(one(store, expire("k", 20)).number == 1);
  CHECK(expiry_of(store, "k") == std::uint64_t{120});
  CHECK(one(store, expire("k", 130, TENON_EXPIRY_ABSOLUTE)).number == 1);
  CHECK(expiry_of(store, "k") == std::uint64_t{130});
  CHECK(one(store, persist("k")).number == 1);
  CHECK(expiry_of(store, "k") == std::uint64_t{0});
  CHECK(store.revision() == 4);
  CHECK(one(store, get("k")).records.at(0).version == 4);
  CHECK(one(store, expire("absent", 20)).number == 0);
  CHECK(one(store, persist("absent")).number == 0);
  CHECK(store.revision() == 4);
}

TEST_CASE("a key whose expiry has come is absent to every operation before it is swept") {
  Store store;
  store.begin_entry(100);
  for (const std::string_view key : {"a", "b", "c"}) one(store, put(key, "1"));
  one(store, put("k", "1", TENON_EXPIRY_ABSOLUTE, 100));  // in the past at once
  REQUIRE(store.key_count() == 4);
  CHECK(one(store, get("k")).records.empty());
  CHECK(one(store, erase("k")).number == 0);
  CHECK(one(store, expire("k", 50)).number == 0);
  CHECK(one(store, persist("k")).number == 0);
  CHECK(one(store, scan_all()).number == 3);
  CHECK(one(store, scan_all(TENON_SCAN_COUNT)).number == 3);
  CHECK(one(store, erase_range("k", "", 10)).number == 0);
  CHECK_FALSE(store.apply(command({}, {{TENON_COMPARE_VERSION, TENON_EQUAL, "k", {}, 0}})).took_otherwise);
  CHECK(store.apply(command({}, {{TENON_COMPARE_VALUE, TENON_EQUAL, "k", "1", 0}})).took_otherwise);
  CHECK(store.key_count() == 4);
  const Result again = one(store, put("k", "2", TENON_WITH_PREVIOUS | TENON_EXPIRY_KEEP));
  CHECK(again.records.empty());
  const Record record = one(store, get("k")).records.at(0);
  CHECK(record.version == 1);
  CHECK(record.created == store.revision());
  CHECK(record.expires_at_ms == 0);
  one(store, put("n", "5", TENON_EXPIRY_ABSOLUTE, 100));
  CHECK(one(store, increment("n", 1)).number == 1);
  one(store, put("s", "5", TENON_EXPIRY_ABSOLUTE, 100));
  CHECK(one(store, append("s", "6", 10)).number == 1);
}

TEST_CASE("an entry sweeps a bounded number of keys, those that expired first, as one revision") {
  Store store;
  store.begin_entry(1);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kSweepKeysMax + kSweepKeysMax / 2; ++i) keys.push_back(std::to_string(i));
  Command puts;
  for (std::size_t i = 0; i < keys.size(); ++i) puts.operations.push_back(put(keys[i], "v", 0, 1 + i));
  store.apply(puts);
  store.begin_entry(1'000'000);
  CHECK(store.key_count() == kSweepKeysMax / 2);
  CHECK(store.revision() == 2);
  CHECK(store.next_expiry_ms() == 1 + kSweepKeysMax + 1);
  CHECK(one(store, scan_all()).records.empty());
  store.begin_entry(1'000'000);
  CHECK(store.key_count() == 0);
  CHECK(store.revision() == 3);
  store.begin_entry(1'000'000);
  CHECK(store.revision() == 3);
}

TEST_CASE("a snapshot shows the keys that lived at its time, also when they are swept") {
  Store store;
  store.begin_entry(100);
  one(store, put("k", "v", 0, 50));
  const std::shared_ptr<const Snapshot> alive = store.pin();
  store.begin_entry(200);
  CHECK(store.key_count() == 0);
  CHECK(alive->read(command({get("k")})).results.at(0).records.size() == 1);
  store.collect();
  CHECK(alive->read(command({get("k")})).results.at(0).records.at(0).value == "v");
}

namespace {

class Recorder final : public ChangeSink {
 public:
  void append(const Change& change) override {
    std::string line = std::to_string(change.now.modified);
    line += change.kind == TENON_RECORD_CURRENT ? " " : change.kind == TENON_RECORD_DELETED ? " deleted " : " expired ";
    line += std::string(change.key) + "=" + std::string(change.now.value);
    if (change.previous) line += " was " + std::string(change.previous->value);
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

}  // namespace

TEST_CASE("every change is told in order, with its revision and what was there before, and none that is undone") {
  Recorder recorder;
  Store store;
  store.set_change_sink(&recorder);
  store.begin_entry(100);
  store.apply(command({put("a", "1"), put("b", "1"), put("a", "2")}));
  store.apply(command({put("c", "1"), erase("a"), put("text", "x"), increment("text", 1)}));  // fails
  store.apply(command({erase_range("a", "b", 10), expire("b", 50)}));
  store.begin_entry(150);
  store.apply(command({put("x", "1", TENON_EXPIRY_ABSOLUTE, 10)}));
  store.apply(command({put("x", "2")}));
  const std::vector<std::string> expected = {"1 a=1",       "1 b=1",
                                             "1 a=2 was 1", "2 deleted a= was 2",
                                             "2 b=1 was 1", "3 expired b= was 1",
                                             "4 x=1",       "5 expired x= was 1",
                                             "5 x=2"};
  CHECK(recorder.lines == expected);
}

TEST_CASE("operations that stand alone tell their changes as one revision, and those of them that fail tell none") {
  Recorder recorder;
  Store store;
  store.set_change_sink(&recorder);
  store.begin_entry(100);
  Command independent = command({put("a", "1"), put("text", "x"), increment("text", 1), put("a", "2"), erase("none"),
                                 erase("text"), increment("n", 7)});
  independent.independent = true;
  CHECK(store.apply(independent).revision == 1);
  independent.operations = {erase("none"), get("a")};
  CHECK(store.apply(independent).revision == 1);
  independent.operations = {get("a"), put("a", "3"), erase("none")};
  CHECK(store.apply(independent).revision == 2);
  const std::vector<std::string> expected = {"1 a=1", "1 text=x",   "1 a=2 was 1", "1 deleted text= was x",
                                             "1 n=7", "2 a=3 was 2"};
  CHECK(recorder.lines == expected);
}

}  // namespace tenon::kv
