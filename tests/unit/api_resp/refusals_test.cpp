// SPDX-License-Identifier: MIT
// What is refused in part, or in one step of several, is not told as if it were something else.
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

constexpr std::string_view kRepliesTooLarge =
    "-ERR the values are more than one reply may hold (7 MiB); ask for fewer at a time\r\n";

// As the node does when a reply would be larger than one may be.
std::optional<ScriptedCompletion> too_large(const ScriptedRequest& request) {
  ScriptedCompletion completion;
  completion.results.assign(request.operations.size(), ScriptedResult{TENON_ERROR_TOO_LARGE, {}, 0, {}});
  return completion;
}

ScriptedCompletion refused(tenon_error error, std::string message) {
  ScriptedCompletion completion;
  completion.outcome = TENON_OUTCOME_REFUSED;
  completion.error = error;
  completion.leader = 1;
  completion.message = std::move(message);
  return completion;
}

bool has(const ScriptedRequest& request, std::uint32_t kind) { return request.operations[0].kind == kind; }

}  // namespace

TEST_CASE("an operation that failed within a request that was done is never told as an absent key") {
  RunningPlugin plugin(too_large);
  RawClient client(plugin);
  for (const char* line : {"GET a",
                           "MGET a b",
                           "STRLEN a",
                           "GETRANGE a 0 1",
                           "GETDEL a",
                           "GETSET a 1",
                           "EXISTS a b",
                           "DEL a",
                           "TYPE a",
                           "TTL a",
                           "PEXPIRETIME a",
                           "PERSIST a",
                           "EXPIRE a 10",
                           "EXPIRE a 10 NX",
                           "OBJECT ENCODING a",
                           "OBJECT REFCOUNT a",
                           "OBJECT IDLETIME a",
                           "MEMORY USAGE a",
                           "SETRANGE a 0 x",
                           "INCRBYFLOAT a 1",
                           "RENAME a b",
                           "COPY a b",
                           "SET a 1",
                           "SET a 1 XX GET",
                           "SETNX a 1",
                           "MSET a 1",
                           "MSETNX a 1",
                           "GETEX a",
                           "WATCH a",
                           "SCAN 0",
                           "KEYS *",
                           "RANDOMKEY",
                           "FLUSHALL"}) {
    INFO(line);
    CHECK(client.ask(line) == kRepliesTooLarge);
  }
  CHECK(client.ask("APPEND a 1") == "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
}

TEST_CASE("a part of a transaction that failed is told in its place") {
  RunningPlugin plugin([](const ScriptedRequest& request) {
    ScriptedCompletion completion;
    completion.results.resize(request.operations.size());
    completion.results[0] = {TENON_OK, {{.key = "a", .value = "1"}}, 0, {}};
    for (std::size_t i = 1; i < completion.results.size(); ++i) completion.results[i].error = TENON_ERROR_TOO_LARGE;
    return std::optional(completion);
  });
  RawClient client(plugin);
  for (const char* line : {"MULTI", "GET a", "STRLEN b", "MGET c d"}) client.ask(line);
  CHECK(client.ask("EXEC", "time\r\n" + std::string(kRepliesTooLarge)) ==
        "*3\r\n$1\r\n1\r\n" + std::string(kRepliesTooLarge) + std::string(kRepliesTooLarge));
}

TEST_CASE("a transaction that took effect is told, also when its message could not be sent") {
  RunningPlugin plugin([small = std::make_shared<SmallNode>()](const ScriptedRequest& request) {
    if (has(request, TENON_PUBLISH) && request.operations[0].value == "no") {
      return std::optional(refused(TENON_ERROR_TOO_LARGE, "the message is too large"));
    }
    return std::optional(small->answer(request));
  });
  RawClient client(plugin);
  for (const char* line : {"MULTI", "INCR a", "PUBLISH c no", "PUBLISH c yes"}) client.ask(line);
  constexpr std::string_view expected = "*3\r\n:1\r\n-ERR the message is too large\r\n:0\r\n";
  CHECK(answers(client, "EXEC\r\n", expected));
  CHECK(client.ask("INCR a") == ":2\r\n");
}

TEST_CASE("a deletion of everything that stopped on its way is an outcome that nobody knows") {
  RunningPlugin plugin([steps = std::make_shared<int>(0)](const ScriptedRequest&) {
    if (++*steps == 3) return std::optional(refused(TENON_ERROR_BUSY, "the leader has changed"));
    ScriptedCompletion completion;
    completion.results.push_back({TENON_OK, {}, 1000, "more"});
    return std::optional(completion);
  });
  RawClient client(plugin);
  client.send("FLUSHALL\r\n");
  CHECK(client.ended());
  CHECK(client.rest == "-UNKNOWN the leader has changed; it may have been applied\r\n");
}

TEST_CASE("a deletion of everything that did not begin is refused as anything else") {
  RunningPlugin plugin([](const ScriptedRequest&) { return std::optional(refused(TENON_ERROR_BUSY, "try again")); });
  RawClient client(plugin);
  CHECK(client.ask("FLUSHALL") == "-TRYAGAIN try again\r\n");
  CHECK(client.ask("PING") == "+PONG\r\n");
}

TEST_CASE("what a command decides a write by is never read from a node that may be behind") {
  RunningPlugin plugin(Options{{"redirect", "moved"}});
  RawClient client(plugin);
  CHECK(client.ask("READONLY") == "+OK\r\n");
  CHECK(client.ask("SET a 1 NX GET") == "$-1\r\n");
  CHECK(client.ask("RENAMENX a b") == ":1\r\n");
  CHECK(client.ask("EXPIRE b 10 NX") == ":1\r\n");
  CHECK(client.ask("MULTI") == "+OK\r\n");
  CHECK(client.ask("SETRANGE b 0 x") == "+QUEUED\r\n");
  CHECK(client.ask("GET b") == "+QUEUED\r\n");
  CHECK(answers(client, "EXEC\r\n", "*2\r\n:1\r\n$1\r\nx\r\n"));
  for (const ScriptedRequest& request : plugin.wait_for_requests(8)) {
    CHECK(request.consistency != TENON_READ_STALE);
    CHECK((request.flags & TENON_REQUEST_NO_FORWARD) != 0);
  }
  CHECK(client.ask("GET b") == "$1\r\n");
  CHECK(client.receive(3) == "x\r\n");
  CHECK(plugin.wait_for_requests(9).back().consistency == TENON_READ_STALE);
}

}  // namespace tenon::api_resp
