// SPDX-License-Identifier: MIT
// Small commands that come together share a request, and no client can tell.
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

std::optional<ScriptedCompletion> later(const ScriptedRequest&) { return std::nullopt; }

ScriptedCompletion found(std::initializer_list<std::string_view> values) {
  ScriptedCompletion completion;
  for (const std::string_view value : values) {
    testing::ScriptedRecord record;
    record.value = value;
    completion.results.push_back({TENON_OK, {record}, 0, {}});
  }
  return completion;
}

// How many operations each request has that the plugin makes of what is sent. No write follows a read.
std::vector<std::size_t> sizes_of(std::string_view sent, std::size_t requests) {
  RunningPlugin plugin(later, {{"pipelined_requests_max", "1000"}});
  RawClient client(plugin);
  client.send(sent);
  std::vector<std::size_t> sizes;
  for (const ScriptedRequest& request : plugin.wait_for_requests(requests)) sizes.push_back(request.operations.size());
  return sizes;
}

std::string times(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

using Sizes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("small commands of one kind that come together are one request") {
  CHECK(sizes_of("GET a\r\nSTRLEN b\r\nGETRANGE c 0 1\r\n", 1) == Sizes{3});
  CHECK(sizes_of("SET a 1\r\nSET b 2\r\nSET a 3\r\n", 1) == Sizes{3});
  CHECK(sizes_of("INCR a\r\nDECRBY b 7\r\n", 1) == Sizes{2});
  CHECK(sizes_of("APPEND a 1\r\nAPPEND a 2\r\n", 1) == Sizes{2});
  CHECK(sizes_of("DEL a\r\nUNLINK b\r\n", 1) == Sizes{2});
}

TEST_CASE("what differs, or may be refused for itself, has a request of its own") {
  // Where a disk is full what makes the state greater is refused, and what makes it smaller is not.
  CHECK(sizes_of("SET a 1\r\nDEL a\r\nSET b 1\r\nAPPEND b 1\r\n", 4) == Sizes{1, 1, 1, 1});
  CHECK(sizes_of("SET a 1\r\nGET a\r\nGET b\r\n", 2) == Sizes{1, 2});
  CHECK(sizes_of("SET a 1\r\nSET b 2 EX 7\r\nSET c 3 KEEPTTL\r\nSET d 4\r\n", 4) == Sizes{1, 1, 1, 1});
  CHECK(sizes_of("SET a 1\r\nGETSET b 2\r\nSETNX c 3\r\n", 3) == Sizes{1, 1, 1});
  CHECK(sizes_of("DEL a\r\nDEL b c\r\nDEL d\r\n", 3) == Sizes{1, 2, 1});
  CHECK(sizes_of("GET a\r\nMGET b c\r\nGET d\r\n", 3) == Sizes{1, 2, 1});
  CHECK(sizes_of("GET a\r\nREADONLY\r\nGET b\r\n", 2) == Sizes{1, 1});
  CHECK(sizes_of("GET a\r\nNONE\r\nGET\r\nGET b\r\nGET c\r\n", 2) == Sizes{1, 2});
  CHECK(sizes_of(words({"GET", ""}) + words({"GET", ""}), 2) == Sizes{1, 1});
  CHECK(sizes_of(get_alone('a') + get_alone('b'), 2) == Sizes{1, 1});
  const std::string large(kBundledValueBytesMax + 1, 'x');
  CHECK(sizes_of(words({"SET", "a", large}) + words({"SET", "b", large}), 2) == Sizes{1, 1});
}

TEST_CASE("a bundle has bounds") {
  CHECK(sizes_of(times("GET a\r\n", kBundledOperationsMax + 2), 2) == Sizes{kBundledOperationsMax, 2});
  const std::string set = words({"SET", "a", std::string(kBundledValueBytesMax, 'x')});
  constexpr std::size_t kFit = kBundleBytesMax / (kBundledValueBytesMax + 1);
  CHECK(sizes_of(times(set, kFit + 1), 2) == Sizes{kFit, 1});
}

TEST_CASE("every command of a bundle has its own reply") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "SET a text\r\nSET n 4\r\nSET a t\r\n", "+OK\r\n+OK\r\n+OK\r\n"));
  CHECK(answers(client, "INCR n\r\nINCR a\r\nINCR n\r\n",
                ":5\r\n-ERR value is not an integer or out of range\r\n:6\r\n"));
  CHECK(answers(client, "GET n\r\nGET none\r\nSTRLEN a\r\nGET a\r\n", "$1\r\n6\r\n$-1\r\n:1\r\n$1\r\nt\r\n"));
  CHECK(answers(client, "CLIENT REPLY SKIP\r\nGET n\r\nGET a\r\n", "$1\r\nt\r\n"));
  CHECK(answers(client, "DEL n\r\nDEL n\r\nDEL a\r\n", ":1\r\n:0\r\n:1\r\n"));
}

TEST_CASE("a read for which the others of its request have left no room is asked again, alone") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("GET a\r\nGET b\r\nGET c\r\nSET a 2\r\n");
  ScriptedCompletion full = found({"1", "", "3"});
  full.results[1] = {TENON_ERROR_TOO_LARGE, {}, 0, {}};
  plugin.node().complete(plugin.wait_for_requests(1).at(0).id, full);
  const ScriptedRequest again = plugin.wait_for_requests(2).at(1);
  REQUIRE(again.operations.size() == 1);
  CHECK(again.operations[0].kind == TENON_GET);
  CHECK(again.operations[0].key == "b");
  CHECK(client.receive(7) == "$1\r\n1\r\n");
  CHECK(plugin.rests());
  CHECK(plugin.wait_for_requests(2).size() == 2);  // the write still waits for the read
  plugin.node().complete(again.id, found({"2"}));
  CHECK(client.receive(14) == "$1\r\n2\r\n$1\r\n3\r\n");
  const ScriptedRequest write = plugin.wait_for_requests(3).at(2);
  CHECK(write.operations[0].kind == TENON_PUT);
  plugin.node().complete(write.id, found({""}));
  CHECK(client.receive(5) == "+OK\r\n");
}

TEST_CASE("a read that finds no room alone either has failed") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("GET a\r\nGET b\r\n");
  ScriptedCompletion full = found({"1", ""});
  full.results[1] = {TENON_ERROR_TOO_LARGE, {}, 0, {}};
  plugin.node().complete(plugin.wait_for_requests(1).at(0).id, full);
  full.results.erase(full.results.begin());
  plugin.node().complete(plugin.wait_for_requests(2).at(1).id, full);
  CHECK(client.receive(12).starts_with("$1\r\n1\r\n-ERR"));
  CHECK(plugin.rests());
  CHECK(plugin.wait_for_requests(2).size() == 2);
}

TEST_CASE("what is refused is refused to all of a bundle, and what is unknown ends the connection") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("SET a 1\r\nSET b 2\r\n");
  ScriptedCompletion ended;
  ended.outcome = TENON_OUTCOME_OVERLOADED;
  ended.error = TENON_ERROR_BUSY;
  ended.message = "later";
  plugin.node().complete(plugin.wait_for_requests(1).at(0).id, ended);
  const std::string refused = client.ask("PING", "+PONG\r\n");
  CHECK(refused == times("-TRYAGAIN later\r\n", 2) + "+PONG\r\n");
  client.send("SET a 1\r\nSET b 2\r\n");
  ended.outcome = TENON_OUTCOME_UNKNOWN;
  ended.error = TENON_ERROR_TIMEOUT;
  plugin.node().complete(plugin.wait_for_requests(2).at(1).id, ended);
  CHECK(client.ended());
  CHECK(client.rest.starts_with("-UNKNOWN"));
  CHECK(client.rest.find("-UNKNOWN", 1) == std::string::npos);
}

TEST_CASE("what a client has asked for before it is closed happens all the same") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("SET a 1\r\nSET b 2\r\nPOST / HTTP/1.1\r\n");
  CHECK(client.ended());
  const auto asked = plugin.wait_for_requests(1);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].operations.size() == 2);
  plugin.node().complete(asked[0].id, found({"", ""}));
  CHECK(plugin.rests());
}

}  // namespace tenon::api_resp
