// SPDX-License-Identifier: MIT
// How the plugin ends, and that nothing a client sends ends it.
#include <sys/socket.h>

#include <atomic>
#include <random>
#include <thread>

#include "plugin_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace tenon::api_thrift;
using namespace std::chrono_literals;

TEST_CASE("drain answers what was taken, takes nothing more and returns when that is sent") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  RawClient quiet(plugin.port());
  REQUIRE(client.send(frame(put_message("k", "v", 1)) + frame(put_message("k", "w", 2))));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(2);
  REQUIRE(requests.size() == 2);
  const std::uint16_t port = plugin.port();
  std::thread drainer([&] {
    plugin.enter_control_thread();
    plugin.drain(60s);
    plugin.stop();
  });
  CHECK(quiet.ended());
  client.send(frame(put_message("k", "x", 3)));
  std::this_thread::sleep_for(50ms);  // a drain that did not wait would have come to stop() by now
  for (const ScriptedRequest& request : requests) plugin.node().complete(request.id, *at_once(request));
  std::vector<std::uint32_t> answered;
  while (const std::optional<Answer> answer = client.receive_answer()) answered.push_back(answer->sequence);
  drainer.join();
  CHECK(answered == std::vector<std::uint32_t>{1, 2});
  CHECK_THROWS(RawClient(port));
  CHECK(plugin.node().queues() == 0);
  CHECK(plugin.node().wait_for_requests(2).size() == 2);
}

TEST_CASE("drain returns when its time is over, and stop closes what is left") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(frame(put_message("k", "v", 1))));
  REQUIRE(plugin.node().wait_for_requests(1).size() == 1);
  plugin.drain(30ms);
  plugin.stop();
  CHECK(client.ended());
  CHECK(plugin.node().queues() == 0);
}

TEST_CASE("stop under load ends every connection and destroys the queue") {
  for (int round = 0; round < 10; ++round) {
    RunningPlugin plugin(at_once);
    std::atomic<std::uint64_t> answered = 0;
    std::vector<std::thread> clients;
    clients.reserve(4);
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&answered, client = std::make_unique<RawClient>(plugin.port())] {
        while (client->send(frame(put_message("k", "v", 1)) + frame(get_message("k", 2)))) {
          if (!client->receive() || !client->receive()) return;
          ++answered;
        }
      });
    }
    CHECK(eventually([&] { return answered > 20; }));
    plugin.stop();
    for (std::thread& client : clients) client.join();
    CHECK(plugin.node().queues() == 0);
  }
}

TEST_CASE("an address that cannot be bound fails the start, and says which") {
  RunningPlugin plugin(at_once);
  const std::string taken = "127.0.0.1:" + std::to_string(plugin.port());
  CHECK_THROWS_WITH(RunningPlugin(at_once, {{"listen", taken}}),
                    Catch::Contains("cannot listen on " + taken + ": Address already in use"));
  CHECK_THROWS_WITH(RunningPlugin(at_once, {{"listen", "127.0.0.1"}}), Catch::Contains("there is no port"));
  CHECK_THROWS_WITH(RunningPlugin(at_once, {{"buffer_bytes_max", "5MiB"}}), Catch::Contains("twice frame_bytes_max"));
}

namespace {

// A message that was right until something was done to it.
std::string damaged(std::mt19937_64& random) {
  std::string bytes = frame(random() % 2 != 0 ? put_message("key", "value", 1) : get_message("key", 1));
  if (random() % 3 == 0) {
    bytes = frame(message_begin("transaction", kCall, 1) + field(kStruct, 1) + field(kList, 1) + kStruct +
                  big_endian(static_cast<std::uint32_t>(random() % 8)) + put_message("a", "b", 2));
  }
  for (std::uint64_t changes = random() % 6; changes != 0; --changes) {
    // Mostly behind the length, which would otherwise hide the rest.
    const std::size_t from = random() % 8 == 0 ? 0 : 4;
    bytes[from + random() % (bytes.size() - from)] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
  }
  if (random() % 8 == 0) bytes.resize(random() % bytes.size());
  return bytes;
}

std::string noise(std::mt19937_64& random) {
  std::string bytes(random() % 200, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return random() % 2 == 0 ? bytes : frame(bytes);
}

}  // namespace

TEST_CASE("after thousands of garbage frames the plugin serves a good client") {
  RunningPlugin plugin(at_once, {{"frame_bytes_max", "64KiB"}});
  std::mt19937_64 random(20240607);
  RawClient good(plugin.port());
  for (std::uint32_t round = 0; round < 3000; ++round) {
    RawClient bad(plugin.port());
    for (std::uint64_t frames = 1 + random() % 4; frames != 0; --frames) {
      bad.send(random() % 4 == 0 ? noise(random) : damaged(random));
    }
    if (round % 100 != 0) continue;
    CAPTURE(round);
    REQUIRE(good.send(frame(get_message("k", round))));
    const std::optional<Answer> answer = good.receive_answer();
    REQUIRE(answer);
    REQUIRE(answer->sequence == round);
    REQUIRE(answer->type == kReply);
  }
  CHECK(plugin.wait_for_metric("connections_closed_total", 3000));
  CHECK(plugin.host().failure() == std::nullopt);
}
