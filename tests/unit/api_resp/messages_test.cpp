// SPDX-License-Identifier: MIT
#include "keyspace_events.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"
#include "tenon/host.hpp"

namespace tenon::api_resp {
namespace {

// What the node says to a stream of the plugin.
void tell(RunningPlugin& plugin, std::uint32_t kind, std::vector<testing::ScriptedRecord> records) {
  for (int tries = 0; tries < 1000; ++tries) {
    for (const ScriptedRequest& request : plugin.node().wait_for_requests(1)) {
      if (request.operations[0].kind != kind) continue;
      ScriptedCompletion completion;
      completion.flags = TENON_COMPLETION_MORE;
      completion.results.push_back({TENON_OK, std::move(records), 0, {}});
      return plugin.node().complete(request.id, completion);
    }
    ::usleep(2000);
  }
  FAIL("the plugin has begun no such stream");
}

testing::ScriptedRecord record(std::string key, std::string value, std::uint64_t kind = TENON_RECORD_CURRENT,
                               std::uint64_t expires_at_ms = 0) {
  testing::ScriptedRecord made;
  made.key = std::move(key);
  made.value = std::move(value);
  made.kind = kind;
  made.expires_at_ms = expires_at_ms;
  return made;
}

}  // namespace

TEST_CASE("messages reach whoever listens to their channel or to a pattern of it") {
  RunningPlugin plugin;
  RawClient client(plugin);
  RawClient other(plugin);
  CHECK(answers(client, "SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
  CHECK(answers(client, "PSUBSCRIBE ?\r\n", "*3\r\n$10\r\npsubscribe\r\n$1\r\n?\r\n:2\r\n"));
  CHECK(other.ask("PUBLISH a m") == ":2\r\n");
  tell(plugin, TENON_SUBSCRIBE, {record("a", "m"), record("xx", "not for anyone")});
  const std::string expected =
      "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n*4\r\n$8\r\npmessage\r\n$1\r\n?\r\n$1\r\na\r\n$1\r\nm\r\n";
  CHECK(client.receive(expected.size()) == expected);
  CHECK(client.ask("GET a").starts_with("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
  CHECK(answers(client, "PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"));
  CHECK(answers(other, "PUBSUB CHANNELS\r\n", "*1\r\n$1\r\na\r\n"));
  CHECK(answers(other, "PUBSUB NUMSUB a b\r\n", "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n"));
  CHECK(other.ask("PUBSUB NUMPAT") == ":1\r\n");
  CHECK(answers(client, "UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"));
  CHECK(answers(client, "PUNSUBSCRIBE\r\n", "*3\r\n$12\r\npunsubscribe\r\n$1\r\n?\r\n:0\r\n"));
  CHECK(answers(client, "PUNSUBSCRIBE\r\n", "*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n"));
  CHECK(client.ask("GET a") == "$-1\r\n");
}

TEST_CASE("a client of the newer protocol listens and asks at the same time") {
  RunningPlugin plugin;
  RawClient client(plugin);
  client.ask("HELLO 3", "modules\r\n*0\r\n");
  CHECK(answers(client, "SUBSCRIBE a\r\n", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
  CHECK(client.ask("GET a") == "_\r\n");
  tell(plugin, TENON_SUBSCRIBE, {record("a", "m")});
  CHECK(client.receive(31) == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n");
}

TEST_CASE("a client may listen to so many channels only") {
  RunningPlugin plugin(Options{{"subscriptions_max", "2"}});
  RawClient client(plugin);
  client.send("SUBSCRIBE a b c\r\n");
  const std::string two = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n";
  CHECK(client.receive(two.size()) == two);
  CHECK(client.receive(40).starts_with("-ERR a client may listen"));
}

TEST_CASE("a message within a transaction leaves when that has taken effect") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "MULTI\r\nSET a 1\r\nPUBLISH c m\r\nEXEC\r\n",
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:0\r\n"));
  const auto asked = plugin.wait_for_requests(2);
  CHECK(asked.at(0).operations[0].kind == TENON_PUT);
  CHECK(asked.at(1).operations[0].kind == TENON_PUBLISH);
}

TEST_CASE("changes of keys become messages, when that is wanted") {
  RunningPlugin plugin(Options{{"notify_keyspace_events", "KEA"}});
  RawClient client(plugin);
  CHECK(answers(client, "PSUBSCRIBE __keyevent@0__:*\r\n",
                "*3\r\n$10\r\npsubscribe\r\n$16\r\n__keyevent@0__:*\r\n:1\r\n"));
  tell(plugin, TENON_WATCH,
       {record("k", "1"), record("k", "1", TENON_RECORD_CURRENT, 5), record("k", "1", TENON_RECORD_PREVIOUS),
        record("k", "", TENON_RECORD_DELETED), record("l", "", TENON_RECORD_EXPIRED)});
  const auto event = [](const std::string& name, const std::string& key) {
    const std::string channel = "__keyevent@0__:" + name;
    return words({"pmessage", "__keyevent@0__:*", channel, key});
  };
  const std::string expected = event("set", "k") + event("expire", "k") + event("del", "k") + event("expired", "l");
  CHECK(client.receive(expected.size()) == expected);
}

TEST_CASE("changes of keys are watched before anyone listens to them") {
  RunningPlugin plugin(Options{{"notify_keyspace_events", "KEA"}});
  const auto streams = plugin.node().wait_for_requests(2);
  REQUIRE(streams.size() == 2);
  CHECK(streams[1].operations[0].kind == TENON_WATCH);
}

TEST_CASE("letters of keyspace events are those of Redis") {
  CHECK(parse_wanted_events("").any() == false);
  CHECK(parse_wanted_events("KE").any() == false);
  CHECK(parse_wanted_events("Ex").expired);
  CHECK_FALSE(parse_wanted_events("Ex").puts);
  CHECK_FALSE(parse_wanted_events("KA").created);
  CHECK(parse_wanted_events("Kn").created);
  CHECK_THROWS_AS(parse_wanted_events("KEq"), Error);
}

}  // namespace tenon::api_resp
