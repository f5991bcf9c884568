// SPDX-License-Identifier: MIT
#include <set>

#include "plugin_fixture.hpp"
#include "scan_cursors.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

struct Step {
  std::string cursor;
  std::vector<std::string> keys;
};

Step scan(RawClient& client, const std::string& cursor, const std::string& more = "COUNT 7") {
  const auto line = [&] {
    std::string text;
    while (!text.ends_with("\r\n")) text += client.receive(1);
    return text.substr(0, text.size() - 2);
  };
  client.send("SCAN " + cursor + " " + more + "\r\n");
  CHECK(line() == "*2");
  line();
  Step step{line(), {}};
  const std::string count = line();
  REQUIRE(count.starts_with("*"));
  for (int left = std::stoi(count.substr(1)); left > 0; --left) {
    line();
    step.keys.push_back(line());
  }
  return step;
}

}  // namespace

TEST_CASE("a scan shows every key that is there all the while, whoever writes meanwhile") {
  RunningPlugin plugin;
  RawClient client(plugin);
  for (int i = 0; i < 100; ++i) REQUIRE(client.ask("SET key" + std::to_string(i) + " v") == "+OK\r\n");
  std::set<std::string> seen;
  std::string cursor = "0";
  int steps = 0;
  do {
    const Step step = scan(client, cursor);
    seen.insert(step.keys.begin(), step.keys.end());
    cursor = step.cursor;
    // The key that the cursor stands for goes away.
    if (!step.keys.empty() && ++steps % 3 == 0) REQUIRE(client.ask("DEL " + step.keys.back()) == ":1\r\n");
    REQUIRE(client.ask("SET later" + std::to_string(steps) + " v") == "+OK\r\n");
  } while (cursor != "0" && steps < 1000);
  CHECK(cursor == "0");
  for (int i = 0; i < 100; ++i) CHECK(seen.contains("key" + std::to_string(i)));
}

TEST_CASE("a cursor of another node goes on behind its key, or from the beginning when that is gone") {
  RunningPlugin plugin;
  RawClient client(plugin);
  for (char key = 'a'; key <= 'z'; ++key) REQUIRE(client.ask(std::string("SET ") + key + " v") == "+OK\r\n");
  const Step behind_m = scan(client, std::to_string(cursor_of("m")), "COUNT 2");
  CHECK(behind_m.keys == std::vector<std::string>{"n", "o"});
  const Step anew = scan(client, std::to_string(cursor_of("never")), "COUNT 2");
  CHECK(anew.keys == std::vector<std::string>{"a", "b"});
}

TEST_CASE("cursors are numbers that every client can keep") {
  for (const char* key : {"", "a", "key:000000000001"}) {
    CHECK(cursor_of(key) > 0);
    CHECK(cursor_of(key) < kCursorsEnd);
  }
  ScanCursors cursors(2);
  const std::uint64_t a = cursors.remember("a");
  const std::uint64_t b = cursors.remember("b");
  CHECK(cursors.find(a) == "a");
  cursors.remember("c");
  CHECK_FALSE(cursors.find(b));
  CHECK(cursors.find(a) == "a");
  CHECK(cursors.size() == 2);
}

TEST_CASE("a scan filters by pattern and by type, and refuses what Redis refuses") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("MSET a1 v a2 v b1 v") == "+OK\r\n");
  CHECK(scan(client, "0", "MATCH a* COUNT 100").keys == std::vector<std::string>{"a1", "a2"});
  CHECK(scan(client, "0", "TYPE list COUNT 100").keys.empty());
  CHECK(scan(client, "0", "TYPE string COUNT 100").keys.size() == 3);
  CHECK(client.ask("SCAN x") == "-ERR invalid cursor\r\n");
  CHECK(client.ask("SCAN 0 COUNT 0") == "-ERR syntax error\r\n");
  CHECK(client.ask("SCAN 0 MATCH") == "-ERR syntax error\r\n");
  CHECK(answers(client, "KEYS b*\r\n", "*1\r\n$2\r\nb1\r\n"));
  CHECK(client.ask("DBSIZE") == ":3\r\n");
}

TEST_CASE("a pattern that is too long is refused") {
  RunningPlugin plugin;
  RawClient client(plugin);
  const std::string longest(256, 'a');
  CHECK(answers(client, words({"KEYS", longest}), "*0\r\n"));
  for (const std::string& request :
       {words({"KEYS", longest + "a"}), words({"SCAN", "0", "MATCH", longest + "a"}),
        words({"PSUBSCRIBE", longest + "a"}), words({"PUBSUB", "CHANNELS", longest + "a"})}) {
    CHECK(answers(client, request, "-ERR a pattern has at most 256 bytes\r\n"));
  }
}

TEST_CASE("a pattern that costs much is looked for in many turns, and leaves no key out") {
  constexpr std::size_t kKeys = 20;
  auto small = std::make_shared<SmallNode>();
  for (std::size_t i = 0; i < kKeys; ++i) small->items[std::string(8000, 'a') + std::to_string(100 + i)] = {"v", 1, 0};
  small->items["b"] = {"v", 1, 0};
  RunningPlugin plugin([small](const ScriptedRequest& request) { return std::optional(small->answer(request)); });
  RawClient client(plugin);
  const std::string costly = "*" + std::string(200, 'a') + "b";
  CHECK(answers(client, words({"KEYS", costly}), "*0\r\n"));
  CHECK(plugin.wait_for_requests(kKeys).size() >= kKeys);
  const std::string matching = "*" + std::string(200, 'a') + "11?";
  const std::string head = "*10\r\n";
  CHECK(answers(client, words({"KEYS", matching}), head));
  for (std::size_t i = 10; i < kKeys; ++i) {
    const std::string key = "$8003\r\n" + std::string(8000, 'a') + std::to_string(100 + i) + "\r\n";
    CHECK(client.receive(key.size()) == key);
  }
  CHECK(client.ask("PING") == "+PONG\r\n");
  // A scan goes on behind the last key that was looked at.
  client.send(words({"SCAN", "0", "MATCH", costly, "COUNT", "1000"}));
  CHECK(client.receive(5) == "*2\r\n$");
  CHECK(client.ask("", "*0\r\n") != "1\r\n0\r\n*0\r\n");
}

}  // namespace tenon::api_resp
