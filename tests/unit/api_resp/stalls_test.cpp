// SPDX-License-Identifier: MIT
// A request that must wait costs nothing until what it waits for has ended, and then goes on.
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

std::optional<ScriptedCompletion> later(const ScriptedRequest&) { return std::nullopt; }

ScriptedCompletion done() {
  ScriptedCompletion completion;
  completion.results.resize(1);
  return completion;
}

// The words of a case: what is sent, of which the last request waits for the first, and what is answered in the end.
struct Waiting {
  const char* why;
  const char* sent;
  const char* replies;
};

}  // namespace

TEST_CASE("a request that waits for an earlier one lets the thread rest") {
  for (const Waiting& waiting : {
           Waiting{"a write behind a read", "GET a\r\nSET a 1\r\n", "$-1\r\n+OK\r\n"},
           Waiting{"a message behind a write", "SET a 1\r\nPUBLISH c m\r\n", "+OK\r\n:0\r\n"},
           Waiting{"a command that is alone", "GET a\r\nSCAN 0\r\n", "$-1\r\n*2\r\n$1\r\n0\r\n*0\r\n"},
           Waiting{"whatever follows a task", "SCAN 0\r\nPING\r\nGET a\r\n", "*2\r\n$1\r\n0\r\n*0\r\n+PONG\r\n$-1\r\n"},
       }) {
    INFO(waiting.why);
    RunningPlugin plugin(later);
    RawClient client(plugin);
    client.send(waiting.sent);
    const auto first = plugin.wait_for_requests(1);
    REQUIRE(first.size() == 1);
    CHECK(plugin.rests());
    CHECK(plugin.node().submits().size() == 2);  // the subscription, and the first request
    plugin.node().complete(first[0].id, done());
    const auto both = plugin.wait_for_requests(2);
    REQUIRE(both.size() == 2);
    plugin.node().complete(both[1].id, done());
    CHECK(client.receive(std::string_view(waiting.replies).size()) == waiting.replies);
    CHECK(plugin.rests());
  }
}

TEST_CASE("a client at its bound of unanswered requests lets the thread rest") {
  RunningPlugin plugin(later, {{"pipelined_requests_max", "2"}});
  RawClient client(plugin);
  client.send(get_alone('a') + get_alone('b') + get_alone('c'));
  const auto first = plugin.wait_for_requests(2);
  REQUIRE(first.size() == 2);
  CHECK(plugin.rests());
  plugin.node().complete(first[0].id, done());
  plugin.node().complete(plugin.wait_for_requests(3).at(2).id, done());
  CHECK(client.receive(5) == "$-1\r\n");
  CHECK(plugin.rests());
  plugin.node().complete(first[1].id, done());
  CHECK(client.receive(10) == "$-1\r\n$-1\r\n");
}

TEST_CASE("clients that wait for the queue let the thread rest, and each gets its turn") {
  RunningPlugin plugin(later, {{"queue_depth", "2"}});
  RawClient first(plugin);
  first.send(get_alone('a') + get_alone('b') + get_alone('c') + get_alone('d'));
  REQUIRE(plugin.wait_for_requests(2).size() == 2);
  RawClient second(plugin);
  RawClient third(plugin);
  second.send("GET e\r\n");
  third.send("GET f\r\n");
  CHECK(plugin.rests());
  for (std::size_t at = 0; at < 6; ++at) {
    CHECK(plugin.rests());
    plugin.node().complete(plugin.wait_for_requests(at + 1).at(at).id, done());
  }
  CHECK(first.receive(20) == "$-1\r\n$-1\r\n$-1\r\n$-1\r\n");
  CHECK(second.receive(5) == "$-1\r\n");
  CHECK(third.receive(5) == "$-1\r\n");
}

TEST_CASE("a client that is closed while it waits for the queue is not called any more") {
  RunningPlugin plugin(later, {{"queue_depth", "2"}});
  RawClient first(plugin);
  first.send(get_alone('a') + get_alone('b'));
  const auto asked = plugin.wait_for_requests(2);
  REQUIRE(asked.size() == 2);
  RawClient closed(plugin);
  CHECK(closed.ask("CLIENT ID") == ":2\r\n");
  closed.send("GET c\r\n");
  RawClient next(plugin);
  CHECK(next.ask("CLIENT ID") == ":3\r\n");
  CHECK(next.ask("CLIENT KILL ID 2") == ":1\r\n");
  CHECK(closed.ended());
  next.send("GET d\r\n");
  CHECK(plugin.rests());
  plugin.node().complete(asked[0].id, done());
  plugin.node().complete(plugin.wait_for_requests(3).at(2).id, done());
  CHECK(next.receive(5) == "$-1\r\n");
}

TEST_CASE("a client that does not read its replies lets the thread rest, and goes on when it reads") {
  constexpr std::size_t kValueBytes = std::size_t{1} << 20;
  constexpr std::size_t kReads = 40;
  RunningPlugin plugin(Options{{"output_bytes_max", "64MiB"}, {"buffer_bytes_max", "256MiB"}});
  RawClient client(plugin);
  const std::string key(kBundledKeyBytesMax + 1, 'a');  // so that each read is a request
  CHECK(answers(client, words({"SET", key, std::string(kValueBytes, 'x')}), "+OK\r\n"));
  std::string reads;
  for (std::size_t i = 0; i < kReads; ++i) reads += words({"GET", key});
  client.send(reads);
  REQUIRE(plugin.wait_for_requests(1 + kReads).size() == 1 + kReads);
  CHECK(plugin.rests());
  client.send(words({"GET", "none"}));
  CHECK(plugin.rests());
  CHECK(plugin.wait_for_requests(1 + kReads).size() == 1 + kReads);
  const std::size_t bytes = kReads * (kValueBytes + std::string_view("$1048576\r\n\r\n").size());
  CHECK(client.receive(bytes).size() == bytes);
  CHECK(client.receive(5) == "$-1\r\n");
  CHECK(plugin.rests());
}

}  // namespace tenon::api_resp
