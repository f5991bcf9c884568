// SPDX-License-Identifier: MIT
// What clients have this plugin remember, and that it is counted and bounded.
#include <fstream>
#include <functional>

#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

constexpr std::size_t kKiB = 1024;

// Since this was last begun anew.
std::size_t greatest_resident_bytes() {
  constexpr std::string_view wanted = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(wanted)) return std::stoull(line.substr(wanted.size())) * kKiB;
  }
  return 0;
}

std::optional<ScriptedCompletion> later(const ScriptedRequest&) { return std::nullopt; }

}  // namespace

TEST_CASE("a channel or a pattern that is too long is refused, and listened to by nobody") {
  RunningPlugin plugin(Options{{"bulk_bytes_max", "1MiB"}});
  RawClient client(plugin);
  for (const std::string_view command : {"SUBSCRIBE", "PSUBSCRIBE"}) {
    const std::size_t most = command == "SUBSCRIBE" ? 64 * kKiB : 256;
    client.send(words({command, std::string(most + 1, 'a')}));
    CHECK(client.receive(4) == "-ERR");
    CHECK(client.ask("", "\r\n").ends_with("\r\n"));
  }
  CHECK(client.ask("PUBSUB NUMPAT") == ":0\r\n");
  CHECK(client.ask("PUBSUB CHANNELS") == "*0\r\n");
}

TEST_CASE("requests that the plugin answers by itself are counted among the unanswered ones") {
  for (const char* line : {"NOSUCHCOMMAND\r\n", "GET\r\n", "PING\r\n"}) {
    INFO(line);
    RunningPlugin plugin(later, {{"pipelined_requests_max", "3"}});
    RawClient client(plugin);
    std::string sent = "GET a\r\n";
    for (int i = 0; i < 5; ++i) sent += line;
    client.send(sent);
    CHECK(plugin.wait_for_requests(1).size() == 1);
    CHECK(plugin.rests());
    CHECK(plugin.host().metric("requests_total") == 3);
  }
}

TEST_CASE("commands of a transaction are counted among the unanswered ones too") {
  RunningPlugin plugin(later, {{"pipelined_requests_max", "3"}});
  RawClient client(plugin);
  client.send("GET a\r\nMULTI\r\nGET b\r\nGET b\r\nGET b\r\nGET b\r\n");
  CHECK(plugin.wait_for_requests(1).size() == 1);
  CHECK(plugin.rests());
  CHECK(plugin.host().metric("requests_total") == 3);
}

TEST_CASE("messages of one wake-up are not copied whole for everyone who listens") {
  constexpr int kListeners = 60;
  constexpr std::size_t kMessages = 64;
  constexpr std::size_t kMessageBytes = 128 * kKiB;
  RunningPlugin plugin(Options{{"buffer_bytes_max", "4MiB"}, {"query_buffer_bytes_max", "2MiB"}});
  std::vector<std::unique_ptr<RawClient>> listeners;
  for (int i = 0; i < kListeners; ++i) {
    listeners.push_back(std::make_unique<RawClient>(plugin));
    CHECK(listeners.back()->ask("SUBSCRIBE c", ":1\r\n").ends_with(":1\r\n"));
  }
  ScriptedCompletion messages;
  messages.flags = TENON_COMPLETION_MORE;
  testing::ScriptedRecord message;
  message.key = "c";
  message.value = std::string(kMessageBytes, 'm');
  messages.results.push_back({TENON_OK, std::vector<testing::ScriptedRecord>(kMessages, message), 0, {}});
  std::ofstream("/proc/self/clear_refs") << "5";  // the greatest size begins anew
  const std::size_t before = greatest_resident_bytes();
  plugin.node().complete(plugin.node().wait_for_requests(1).at(0).id, messages);
  CHECK(plugin.rests());
  CHECK(plugin.host().metric("connections_closed_total").value_or(0) > 0);
  CHECK(greatest_resident_bytes() - before < kListeners * kMessages * kMessageBytes / 4);
}

TEST_CASE("what a client has the plugin remember counts towards the bytes of all clients") {
  RunningPlugin plugin(Options{{"buffer_bytes_max", "1MiB"},
                               {"query_buffer_bytes_max", "1MiB"},
                               {"bulk_bytes_max", "64KiB"},
                               {"transaction_bytes_max", "16MiB"},
                               {"transaction_commands_max", "10000"},
                               {"watched_keys_max", "10000"},
                               {"subscriptions_max", "10000"}});
  const std::string name(32 * kKiB, 'k');
  const auto remembers = [&](const std::function<std::string(int)>& request) {
    RawClient client(plugin);
    RawClient other(plugin);
    std::string asked = words({"PING"});
    for (int i = 0; i < 64; ++i) asked += request(i);
    const double before = plugin.host().metric("connections_closed_total").value_or(0);
    client.send(asked);
    CHECK(client.ended());
    CHECK(plugin.wait_for_metric("connections_closed_total", before + 1));
    // All of it was given back.
    CHECK(other.ask("MULTI") == "+OK\r\n");
    for (int i = 0; i < 24; ++i) CHECK(answers(other, words({"SET", "a", name}), "+QUEUED\r\n"));
  };
  SECTION("a transaction") {
    remembers([&](int i) { return i == 0 ? words({"MULTI"}) : words({"SET", "a", name}); });
  }
  SECTION("watched keys") {
    remembers([&](int i) { return words({"WATCH", name + std::to_string(i)}); });
  }
  SECTION("channels") {
    remembers([&](int i) { return words({"SUBSCRIBE", name + std::to_string(i)}); });
  }
}

}  // namespace tenon::api_resp
