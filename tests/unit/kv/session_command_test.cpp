// SPDX-License-Identifier: MIT
#include "operations.hpp"
#include "support/catch.hpp"

namespace tenon::kv {
namespace {

Reply open_session(Machine& run, std::uint64_t duration_ms) {
  Operation open = of_kind(TENON_SESSION_OPEN, {});
  open.expiry_ms = duration_ms;
  return run(command({open}));
}

Command of_session(std::uint64_t session, std::uint64_t sequence, std::vector<Operation> operations,
                   std::uint64_t outstanding = 1) {
  Command made = command(std::move(operations));
  made.session = session;
  made.session_sequence = sequence;
  made.session_outstanding = outstanding;
  return made;
}

Command on_session(std::uint32_t kind, std::uint64_t session) { return of_session(session, 0, {of_kind(kind, {})}, 0); }

}  // namespace

TEST_CASE("a command that is repeated in its session takes effect once and gets the same reply") {
  Machine run;
  CHECK(open_session(run, 1'000).results.at(0).number == 1);
  const Reply first = run(of_session(1, 1, {increment("n", 5)}));
  run(command({put("other", "1")}));
  const Reply again = run(of_session(1, 1, {increment("n", 5)}));
  CHECK(again.results.at(0).number == 5);
  CHECK(again.revision == first.revision);
  CHECK(again.cluster_time_ms == first.cluster_time_ms);
  CHECK(run.one(get("n")).records.at(0).value == "5");
  CHECK(run(of_session(1, 2, {increment("n", 5)})).results.at(0).number == 10);
}

TEST_CASE("a failure is repeated as well, though it would succeed by now") {
  Machine run;
  open_session(run, 1'000);
  run.one(put("n", "x"));
  CHECK(run(of_session(1, 1, {increment("n", 5)})).results.at(0).error == TENON_ERROR_WRONG_TYPE);
  run.one(put("n", "1"));
  CHECK(run(of_session(1, 1, {increment("n", 5)})).results.at(0).error == TENON_ERROR_WRONG_TYPE);
  CHECK(run.one(get("n")).records.at(0).value == "1");
}

TEST_CASE("of a reply too large to keep, a retry learns that it was executed, and executes nothing") {
  Machine run;
  open_session(run, 1'000);
  run.one(put("k", std::string(kKeptReplyBytesMax + 1, 'x')));
  const Command taking = of_session(1, 1, {erase("k", TENON_WITH_PREVIOUS), increment("n", 1)});
  CHECK(run(taking).results.at(0).records.size() == 1);
  const std::uint64_t revision = run.store.revision();
  const Reply again = run(taking);
  CHECK(again.results_forgotten);
  CHECK(again.results.empty());
  CHECK_FALSE(again.session_expired);
  CHECK(again.revision == revision);
  CHECK(run.store.revision() == revision);
}

TEST_CASE("a session that is expired, closed, or never was executes nothing") {
  Machine run;
  open_session(run, 100);
  CHECK(run(of_session(7, 1, {put("k", "1")})).session_expired);
  run.time_ms = 99;
  CHECK_FALSE(run(on_session(TENON_SESSION_KEEP_ALIVE, 1)).session_expired);
  run.time_ms = 198;
  CHECK_FALSE(run(of_session(1, 1, {put("k", "1")})).session_expired);  // which renews it too
  CHECK(run.store.next_expiry_ms() == std::uint64_t{299});
  run.time_ms = 298;
  CHECK(run(of_session(1, 2, {put("k", "2")})).session_expired);
  CHECK(run(on_session(TENON_SESSION_KEEP_ALIVE, 1)).session_expired);
  CHECK(open_session(run, 100).results.at(0).number == 2);
  CHECK_FALSE(run(on_session(TENON_SESSION_CLOSE, 2)).session_expired);
  CHECK(run(on_session(TENON_SESSION_CLOSE, 2)).session_expired);
  CHECK(run(of_session(2, 1, {put("k", "3")})).session_expired);
  CHECK(run.one(get("k")).records.at(0).value == "1");
}

TEST_CASE("a sequence that is too far ahead is surely not executed, and one that is forgotten perhaps was") {
  Machine run;
  open_session(run, 1'000);
  const Reply too_far = run(of_session(1, 1 + kSequencesMax, {put("k", "1")}));
  CHECK(too_far.refusal == TENON_ERROR_BUSY);
  CHECK(too_far.results.empty());
  CHECK(run(of_session(1, 0, {put("k", "1")})).refusal == TENON_ERROR_INVALID);
  CHECK(run(of_session(1, 5, {put("k", "1")}, 5)).results.at(0).error == TENON_OK);
  CHECK(run(of_session(1, 4, {put("k", "2")}, 5)).session_expired);
  CHECK(run.one(get("k")).records.at(0).value == "1");
}

TEST_CASE("a request that is not the one of its sequence is refused, whatever it differs in") {
  Machine run;
  open_session(run, 1'000'000);
  const Compare absent{TENON_COMPARE_VERSION, TENON_EQUAL, "a", {}, 0};
  Command first = of_session(1, 1, {put("a", "1"), erase_range("b", "c", 10)});
  first.compares = {absent};
  first.otherwise = {get("a")};
  const std::uint64_t revision = run(first).revision;

  std::vector<Command> others(14, first);
  others[0].operations = {put("b", "2")};
  others[1].operations[0].value = "2";
  others[2].operations[0].key = "b";
  others[3].operations[0].kind = TENON_APPEND;
  others[4].operations[0].flags = TENON_WITH_PREVIOUS;
  others[5].operations[0].expiry_ms = 5;
  others[6].operations[0].delta = 1;
  others[7].operations[1].range_end = "d";
  others[8].independent = true;
  others[9].compares.clear();
  others[10].compares[0].relation = TENON_NOT_EQUAL;
  others[11].compares[0].number = 1;
  others[12].otherwise.clear();
  std::swap(others[13].operations, others[13].otherwise);
  for (std::size_t i = 0; i < others.size(); ++i) {
    INFO("the request " << i);
    const Reply reply = run(others[i]);
    CHECK(reply.refusal == TENON_ERROR_REUSED);
    CHECK(reply.results.empty());
    CHECK_FALSE(reply.session_expired);
  }
  CHECK(run.store.revision() == revision);
  CHECK(run(first).revision == revision);
  CHECK(run(first).results.size() == 2);
}

TEST_CASE("a retry may differ in what it still waits for and in the limits that its node has put in") {
  Machine run;
  open_session(run, 1'000);
  const std::uint64_t revision = run(of_session(1, 2, {append("a", "1", 100), erase_range("b", "c", 10)})).revision;
  const Reply again = run(of_session(1, 2, {append("a", "1", 200), erase_range("b", "c", 20)}, 2));
  CHECK(again.refusal == TENON_OK);
  CHECK(again.revision == revision);
  CHECK(again.results.size() == 2);
}

TEST_CASE("a delete range alone in its request is another one with another limit, which is the same on every node") {
  Machine run;
  open_session(run, 1'000);
  for (const char* key : {"a1", "a2", "a3"}) run.one(put(key, "1"));
  const Reply first = run(of_session(1, 1, {erase_range("a", "b", 1)}));
  CHECK(first.results.at(0).number == 1);
  CHECK(run(of_session(1, 1, {erase_range("a", "b", 1'000)})).refusal == TENON_ERROR_REUSED);
  CHECK(run(of_session(1, 1, {erase_range("a", "b", 1)})).revision == first.revision);
}

}  // namespace tenon::kv
