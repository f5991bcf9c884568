// SPDX-License-Identifier: MIT
// What one client says in a row happens in that order, also when it does not wait.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

std::optional<ScriptedCompletion> later(const ScriptedRequest&) { return std::nullopt; }

ScriptedCompletion found(std::string value) {
  ScriptedCompletion completion;
  testing::ScriptedRecord record;
  record.value = std::move(value);
  completion.results.push_back({TENON_OK, {record}, 0, {}});
  return completion;
}

ScriptedCompletion done() {
  ScriptedCompletion completion;
  completion.results.resize(1);
  return completion;
}

// The state of each thread but this one, as the system tells it: S is asleep.
bool others_sleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream file(task.path() / "stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos || line.size() < name_end + 3 || line[name_end + 2] != 'S') return false;
  }
  return true;
}

// Whether nothing is to be done. What works without a pause never sleeps, however long one looks.
bool comes_to_rest() {
  constexpr int kLooks = 5'000;
  for (int looks = 0; looks < kLooks; ++looks) {
    ::usleep(1000);
    if (others_sleep()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a client that waits takes no turn until what it waits for has ended") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send(get_alone('a') + get_alone('b') + "SET a 2\r\n");
  const auto first = plugin.wait_for_requests(2);
  CHECK(comes_to_rest());
  plugin.node().complete(first.at(1).id, found("2"));
  CHECK(comes_to_rest());
  CHECK(plugin.wait_for_requests(2).size() == 2);  // the other read has not ended
  plugin.node().complete(first.at(0).id, found("1"));
  CHECK(client.receive(14) == "$1\r\n1\r\n$1\r\n2\r\n");
  CHECK(plugin.wait_for_requests(3).at(2).operations[0].kind == TENON_PUT);
  CHECK(comes_to_rest());
}

TEST_CASE("what follows a command of several steps waits for all of them") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(answers(client, "INCRBYFLOAT f 1.5\r\nGET f\r\nINCRBYFLOAT f 1.5\r\nINCRBYFLOAT f 1.5\r\nNONE\r\nGET f\r\n",
                "$3\r\n1.5\r\n$3\r\n1.5\r\n$1\r\n3\r\n$3\r\n4.5\r\n"
                "-ERR unknown command 'NONE', with args beginning with: \r\n$3\r\n4.5\r\n"));
}

TEST_CASE("replies leave in the order of the requests, whatever ends first") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send(get_alone('a') + get_alone('b') + "PING\r\n" + get_alone('c'));
  const auto asked = plugin.wait_for_requests(3);
  REQUIRE(asked.size() == 3);
  plugin.node().complete(asked[2].id, found("3"));
  plugin.node().complete(asked[1].id, found("2"));
  plugin.node().complete(asked[0].id, found("1"));
  CHECK(client.receive(28) == "$1\r\n1\r\n$1\r\n2\r\n+PONG\r\n$1\r\n3\r\n");
}

TEST_CASE("a read behind a write of the same client sees it") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("GET a\r\n");
  CHECK((plugin.wait_for_requests(1).at(0).flags & TENON_REQUEST_AFTER_WRITES) == 0);
  plugin.node().complete(plugin.wait_for_requests(1).at(0).id, done());
  CHECK(client.receive(5) == "$-1\r\n");
  client.send("SET a 1\r\nGET a\r\n");
  const auto asked = plugin.wait_for_requests(3);
  REQUIRE(asked.size() == 3);
  CHECK((asked[2].flags & TENON_REQUEST_AFTER_WRITES) != 0);
}

TEST_CASE("a write waits for the reads before it, so that they do not see it") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("GET a\r\nSET a 2\r\nGET b\r\n");
  const auto first = plugin.wait_for_requests(1);
  plugin.node().complete(first.at(0).id, found("1"));
  CHECK(client.receive(7) == "$1\r\n1\r\n");
  const auto all = plugin.wait_for_requests(3);
  REQUIRE(all.size() == 3);
  CHECK(all[1].operations[0].kind == TENON_PUT);
  // Until the read had ended there was nothing but the read.
  const std::vector<std::size_t> submits = plugin.node().submits();
  CHECK(std::vector<std::size_t>(submits.begin() + 1, submits.end()) == std::vector<std::size_t>{1, 2});
}

TEST_CASE("a message waits for the writes before it") {
  RunningPlugin plugin(later);
  RawClient client(plugin);
  client.send("SET a 1\r\nPUBLISH c m\r\n");
  plugin.node().complete(plugin.wait_for_requests(1).at(0).id, done());
  CHECK(client.receive(5) == "+OK\r\n");
  const auto all = plugin.wait_for_requests(2);
  CHECK(all.at(1).operations[0].kind == TENON_PUBLISH);
}

TEST_CASE("what many clients ask at once is submitted together") {
  RunningPlugin plugin;
  RawClient client(plugin);
  std::string gets;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    gets += words({"GET", "none"});
    expected += "$-1\r\n";
  }
  CHECK(answers(client, gets, expected));
  const std::vector<std::size_t> submits = plugin.node().submits();
  CHECK(submits.size() <= 3);  // the subscription, and one or two for the two halves of what arrived
}

}  // namespace tenon::api_resp
