// SPDX-License-Identifier: MIT
#include "kv/store.hpp"

#include "operations.hpp"
#include "random_command.hpp"
#include "store_model.hpp"
#include "support/catch.hpp"
#include "tenon/client_api.h"

namespace tenon::kv {
namespace {

TEST_CASE("a random run of commands gives the replies of the model") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u);
  const std::size_t key_bytes_end = GENERATE(4u, 7u);
  CAPTURE(seed, key_bytes_end);
  RandomCommand random(seed, key_bytes_end);
  raft::Random steps(seed);
  Store store;
  StoreModel model;
  std::uint64_t time_ms = 0;
  for (int i = 0; i < 4'000; ++i) {
    time_ms += steps.below(3);
    store.begin_entry(time_ms);
    model.begin_entry(time_ms);
    const Command drawn = random.draw(store.revision());
    const std::string expected = text(model.apply(drawn));
    REQUIRE(text(store.apply(drawn)) == expected);
    REQUIRE(store.key_count() == model.key_count());
  }
  CHECK(store.key_count() > 5);
  CHECK(store.revision() > 1'000);
}

TEST_CASE("two stores that apply the same encoded commands give the same replies and have the same hash") {
  RandomCommand random(5);
  Store one;
  Store other;
  for (std::uint64_t i = 1; i <= 2'000; ++i) {
    one.begin_entry(i);
    other.begin_entry(i);
    const Command drawn = random.draw_with_session();
    std::string bytes;
    encode(drawn, bytes);
    const std::optional<Command> decoded = decode(bytes);
    REQUIRE(decoded.has_value());
    other.look_ahead(std::span(&*decoded, 1));
    REQUIRE(text(one.apply(drawn)) == text(other.apply(*decoded)));
    REQUIRE(one.state_hash() == other.state_hash());
  }
  CHECK(one.revision() == other.revision());
  CHECK(one.key_count() == other.key_count());
}

TEST_CASE("the revision is one more with each command that changes the keyspace, and with no other") {
  Machine run;
  CHECK(run(command({put("a", "1"), put("b", "1")})).revision == 1);
  CHECK(run(command({get("a")})).revision == 1);
  CHECK(run(command({erase("absent")})).revision == 1);
  CHECK(run(command({put("a", "1")})).revision == 2);  // the same value is a change all the same
  CHECK(run(command({erase("a")})).revision == 3);
  CHECK(run(command({put("c", "1"), erase("c")})).revision == 4);
  CHECK(run(command({})).revision == 4);
}

TEST_CASE("a key knows when it was created and last changed, and how often since") {
  Machine run;
  run(command({put("other", "")}));
  run(command({put("k", "1")}));
  run(command({put("k", "2")}));
  run(command({put("k", "3"), put("k", "4")}));
  Record record = run(command({get("k")})).results.at(0).records.at(0);
  CHECK(record.value == "4");
  CHECK(record.created == 2);
  CHECK(record.modified == 4);
  CHECK(record.version == 4);
  run(command({erase("k"), put("k", "5")}));
  record = run(command({get("k")})).results.at(0).records.at(0);
  CHECK(record.created == 5);
  CHECK(record.modified == 5);
  CHECK(record.version == 1);
}

TEST_CASE("the previous value is returned when it is asked for, as it was before the write") {
  Machine run;
  CHECK(run(command({put("k", "1", TENON_WITH_PREVIOUS)})).results.at(0).records.empty());
  const Reply second = run(command({put("k", "2", TENON_WITH_PREVIOUS)}));
  REQUIRE(second.results.at(0).records.size() == 1);
  CHECK(second.results[0].records[0].kind == TENON_RECORD_PREVIOUS);
  CHECK(second.results[0].records[0].value == "1");
  CHECK(second.results[0].records[0].version == 1);
  CHECK(run(command({put("k", "3")})).results.at(0).records.empty());
  const Reply erased = run(command({erase("k", TENON_WITH_PREVIOUS)}));
  CHECK(erased.results.at(0).number == 1);
  CHECK(erased.results[0].records.at(0).value == "3");
  const Reply absent = run(command({erase("k", TENON_WITH_PREVIOUS)}));
  CHECK(absent.results.at(0).number == 0);
  CHECK(absent.results[0].records.empty());
}

TEST_CASE("a transaction sees its own writes, and its compares see the state before it") {
  Machine run;
  const Compare is_absent{TENON_COMPARE_VERSION, TENON_EQUAL, "k", {}, 0};
  const Reply reply = run(command({put("k", "1"), get("k"), erase("k"), get("k")}, {is_absent}));
  CHECK_FALSE(reply.took_otherwise);
  REQUIRE(reply.results.size() == 4);
  CHECK(reply.results[1].records.at(0).value == "1");
  CHECK(reply.results[1].records[0].modified == reply.revision);
  CHECK(reply.results[3].records.empty());
}

TEST_CASE("when one compare does not hold the other branch runs, and it alone") {
  Machine run;
  run(command({put("k", "1")}));
  const Compare holds{TENON_COMPARE_VALUE, TENON_EQUAL, "k", "1", 0};
  const Compare fails{TENON_COMPARE_VALUE, TENON_EQUAL, "k", "2", 0};
  const Reply reply = run(command({put("then", "")}, {holds, fails}, {put("else", ""), get("k")}));
  CHECK(reply.took_otherwise);
  CHECK(reply.results.size() == 2);
  CHECK(run(command({get("then")})).results.at(0).records.empty());
  CHECK(run(command({get("else")})).results.at(0).records.size() == 1);
  const Reply neither = run(command({put("then", "")}, {fails}));
  CHECK(neither.took_otherwise);
  CHECK(neither.results.empty());
  CHECK(neither.revision == reply.revision);
}

TEST_CASE("every compare stands in every relation as its key does") {
  Machine run;
  for (const char* filler : {"1", "2", "3"}) run(command({put("filler", filler)}));
  for (const char* value : {"a", "b", "m"}) run(command({put("k", value)}));  // created 4, modified 6, version 3
  const auto holds = [&](std::string_view key, std::uint8_t what, std::uint8_t relation, std::string_view value,
                         std::uint64_t number) {
    return !run(command({}, {{what, relation, key, value, number}})).took_otherwise;
  };
  struct Row {
    std::uint8_t what;
    std::string_view less_value, equal_value, greater_value;
    std::uint64_t equal_number;
  };
  for (const Row& row : {Row{TENON_COMPARE_VALUE, "lz", "m", "ma", 0}, Row{TENON_COMPARE_VERSION, {}, {}, {}, 3},
                         Row{TENON_COMPARE_CREATED, {}, {}, {}, 4}, Row{TENON_COMPARE_MODIFIED, {}, {}, {}, 6}}) {
    CAPTURE(row.what);
    const auto check = [&](std::string_view value, std::uint64_t number, bool equal, bool less, bool greater) {
      CHECK(holds("k", row.what, TENON_EQUAL, value, number) == equal);
      CHECK(holds("k", row.what, TENON_NOT_EQUAL, value, number) == !equal);
      CHECK(holds("k", row.what, TENON_LESS, value, number) == less);
      CHECK(holds("k", row.what, TENON_GREATER, value, number) == greater);
    };
    check(row.equal_value, row.equal_number, true, false, false);
    check(row.less_value, row.equal_number - 1, false, false, true);
    check(row.greater_value, row.equal_number + 1, false, true, false);
  }
  for (const std::uint8_t what : {TENON_COMPARE_VERSION, TENON_COMPARE_CREATED, TENON_COMPARE_MODIFIED}) {
    CHECK(holds("absent", what, TENON_EQUAL, {}, 0));
    CHECK_FALSE(holds("absent", what, TENON_NOT_EQUAL, {}, 0));
    CHECK(holds("absent", what, TENON_LESS, {}, 1));
    CHECK_FALSE(holds("absent", what, TENON_LESS, {}, 0));
    CHECK_FALSE(holds("absent", what, TENON_GREATER, {}, 0));
  }
  for (const std::string_view value : {"", "x"}) {
    CHECK_FALSE(holds("absent", TENON_COMPARE_VALUE, TENON_EQUAL, value, 0));
    CHECK(holds("absent", TENON_COMPARE_VALUE, TENON_NOT_EQUAL, value, 0));
    CHECK_FALSE(holds("absent", TENON_COMPARE_VALUE, TENON_LESS, value, 0));
    CHECK_FALSE(holds("absent", TENON_COMPARE_VALUE, TENON_GREATER, value, 0));
  }
}

TEST_CASE("values compare as unsigned bytes") {
  Machine run;
  run(command({put("k", "\x7f")}));
  CHECK_FALSE(run(command({}, {{TENON_COMPARE_VALUE, TENON_LESS, "k", "\x80", 0}})).took_otherwise);
}

TEST_CASE("a read of the state as it is does what apply does, and changes nothing") {
  Machine run;
  run(command({put("a", "1"), put("b", "2")}));
  const Command reading = command({get("a"), get("absent")}, {{TENON_COMPARE_VALUE, TENON_EQUAL, "b", "2", 0}});
  const std::string read = text(run.store.read(reading));
  CHECK(read == text(run.store.apply(reading)));
  CHECK(run.store.revision() == 1);
}

constexpr std::size_t kLargeValue = 1u << 20;

Command read_large(std::size_t count) { return command(std::vector<Operation>(count, get("large"))); }

TEST_CASE("a reply takes what its budget holds, and a command that wants more fails as one") {
  Machine run;
  run(command({put("large", std::string(kLargeValue, 'x'))}));
  const std::size_t fits = kReplyBytesMax / (kLargeValue + 5);
  const Reply whole = run.store.read(read_large(fits));
  for (const Result& result : whole.results) CHECK(result.error == TENON_OK);
  for (const bool applied : {false, true}) {
    const Reply beyond = applied ? run(read_large(fits + 1)) : run.store.read(read_large(fits + 1));
    REQUIRE(beyond.results.size() == fits + 1);
    for (const Result& result : beyond.results) {
      CHECK(result.error == TENON_ERROR_TOO_LARGE);
      CHECK(result.records.empty());
    }
  }
}

TEST_CASE("a transaction in which a read fails changes nothing at all") {
  Machine run;
  const std::string replaced(kLargeValue, 'y');
  run(command({put("large", std::string(kLargeValue, 'x')), put("kept", "1"), put("erased", "1")}));
  Command failing = command({put("kept", "2"), put("new", "1"), erase("erased"), put("kept", "3"), erase("new"),
                             put("new", "2"), erase("large"), put("large", replaced)});
  const Command reads = read_large(9);
  failing.operations.insert(failing.operations.end(), reads.operations.begin(), reads.operations.end());
  const Reply failed = run(failing);
  for (const Result& result : failed.results) CHECK(result.error == TENON_ERROR_TOO_LARGE);
  CHECK(failed.results.size() == failing.operations.size());
  CHECK(failed.revision == 1);
  const Reply after = run(command({get("kept"), get("new"), get("erased")}));
  CHECK(after.results.at(0).records.at(0).value == "1");
  CHECK(after.results[0].records[0].version == 1);
  CHECK(after.results.at(1).records.empty());
  CHECK(after.results.at(2).records.size() == 1);
  CHECK(run(command({get("large")})).results.at(0).records.at(0).value.front() == 'x');
  CHECK(run.store.key_count() == 3);
}

TEST_CASE("operations that are independent fail alone") {
  Machine run;
  run(command({put("large", std::string(kLargeValue, 'x'))}));
  Command independent = read_large(9);
  independent.independent = true;
  independent.operations.insert(independent.operations.begin(), put("k", "1"));
  independent.operations.push_back(get("k"));
  const Reply reply = run(independent);
  CHECK(reply.revision == 2);
  CHECK(reply.results.at(0).error == TENON_OK);
  CHECK(reply.results.at(1).records.size() == 1);
  CHECK(reply.results.at(9).error == TENON_ERROR_TOO_LARGE);
  CHECK(reply.results.at(10).records.size() == 1);
}

}  // namespace
}  // namespace tenon::kv
