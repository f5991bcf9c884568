// SPDX-License-Identifier: MIT
// What a client may not do, and that it costs only that client.
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {

TEST_CASE("what cannot be read is answered, and ends the connection") {
  RunningPlugin plugin;
  for (const auto& [sent, expected] : std::map<std::string, std::string>{
           {"*1025\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
           {"*1\r\n$1048577\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
           {"*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
           {"*1\r\n:3\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"},
           {std::string(2000, 'a'), "-ERR Protocol error: too big inline request\r\n"}}) {
    RawClient client(plugin);
    client.send("PING\r\n" + sent);
    CHECK(client.ended());
    CHECK(client.rest == "+PONG\r\n" + expected);
  }
  CHECK(plugin.wait_for_metric("requests_malformed_total", 5));
  CHECK(plugin.wait_for_metric("connections_closed_total", 5));
}

TEST_CASE("a browser is not answered at all") {
  RunningPlugin plugin;
  for (const char* sent : {"POST / HTTP/1.1\r\n", "Host: localhost\r\n"}) {
    RawClient client(plugin);
    client.send(std::string(sent) + "SET a 1\r\n");
    CHECK(client.ended());
    CHECK(client.rest.empty());
  }
  CHECK(plugin.wait_for_metric("requests_malformed_total", 2));
}

TEST_CASE("there are as many connections as there may be") {
  RunningPlugin plugin(Options{{"connections_max", "2"}});
  RawClient first(plugin);
  RawClient second(plugin);
  CHECK(first.ask("PING") == "+PONG\r\n");
  CHECK(second.ask("PING") == "+PONG\r\n");
  RawClient third(plugin);
  CHECK(third.ended());
  CHECK(plugin.wait_for_metric("connections_refused_total", 1));
}

TEST_CASE("a client that asks faster than it is answered is read no further") {
  RunningPlugin plugin([](const ScriptedRequest&) { return std::nullopt; }, {{"pipelined_requests_max", "3"}});
  RawClient client(plugin);
  client.send(get_alone('a') + get_alone('b') + get_alone('c') + get_alone('d') + "GET e\r\n");
  const auto first = plugin.wait_for_requests(3);
  REQUIRE(first.size() == 3);
  ScriptedCompletion nothing;
  nothing.results.resize(1);
  for (const ScriptedRequest& request : first) plugin.node().complete(request.id, nothing);
  CHECK(client.receive(15) == "$-1\r\n$-1\r\n$-1\r\n");
  const auto all = plugin.wait_for_requests(5);
  REQUIRE(all.size() == 5);
  CHECK(all[4].operations[0].key == "e");
}

TEST_CASE("requests beyond the depth of the queue wait for it") {
  // Streams take no place from clients.
  RunningPlugin plugin([](const ScriptedRequest&) { return std::nullopt; },
                       {{"queue_depth", "1"}, {"notify_keyspace_events", "KEA"}});
  RawClient first(plugin);
  RawClient second(plugin);
  first.send("GET a\r\n");
  const auto one = plugin.wait_for_requests(1);
  second.send("GET b\r\n");
  ScriptedCompletion nothing;
  nothing.results.resize(1);
  plugin.node().complete(one.at(0).id, nothing);
  CHECK(first.receive(5) == "$-1\r\n");
  plugin.node().complete(plugin.wait_for_requests(2).at(1).id, nothing);
  CHECK(second.receive(5) == "$-1\r\n");
}

TEST_CASE("a client that does not read what it asked for is closed at its bound") {
  RunningPlugin plugin(Options{{"output_bytes_max", "64KiB"}, {"bulk_bytes_max", "2MiB"}});
  RawClient client(plugin);
  const std::string large(1 << 20, 'x');
  CHECK(answers(client, words({"SET", "a", large}), "+OK\r\n"));
  std::string gets;
  for (int i = 0; i < 60; ++i) gets += "GET a\r\n";
  client.send(gets);
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("a client that is told why it is closed has to take that within some seconds") {
  RunningPlugin plugin(Options{{"output_bytes_max", "64MiB"}, {"buffer_bytes_max", "256MiB"}});
  RawClient client(plugin);
  CHECK(answers(client, words({"SET", "a", std::string(1 << 20, 'x')}), "+OK\r\n"));
  std::string asked;
  for (int i = 0; i < 40; ++i) asked += "GET a\r\n";
  client.send(asked + "QUIT\r\n");
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("the system looks after clients that say nothing") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("PING") == "+PONG\r\n");
  bool keeps_alive = false;
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) != 0 || local.sin_family != AF_INET)
      continue;
    int is_listening = 0;
    int is_on = 0;
    size = sizeof is_on;
    if (ntohs(local.sin_port) != plugin.port()) continue;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size);
    ::getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &is_on, &size);
    keeps_alive = keeps_alive || (is_listening == 0 && is_on != 0);
  }
  CHECK(keeps_alive);
}

TEST_CASE("a half-closed client is still answered") {
  RunningPlugin plugin;
  RawClient client(plugin);
  client.send("SET a 1\r\nGET a\r\n");
  client.shutdown_output();
  CHECK(client.ended());
  CHECK(client.rest == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("a silent client is closed after the idle timeout") {
  RunningPlugin plugin(Options{{"idle_timeout", "50ms"}});
  RawClient client(plugin);
  CHECK(client.ended());
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("a transaction has bounds of its own") {
  RunningPlugin plugin;
  RawClient client(plugin);
  CHECK(client.ask("MULTI") == "+OK\r\n");
  for (int i = 0; i < 16; ++i) CHECK(client.ask("INCR a") == "+QUEUED\r\n");
  CHECK(client.ask("INCR a").starts_with("-ERR the transaction is larger"));
  CHECK(client.ask("EXEC") == "-EXECABORT Transaction discarded because of previous errors.\r\n");
  CHECK(client.ask("GET a") == "$-1\r\n");
  CHECK(client.ask("WATCH a b c d e f g h i").starts_with("-ERR more keys would be watched"));
}

TEST_CASE("a plugin that drains answers what it has taken") {
  RunningPlugin plugin([](const ScriptedRequest&) { return std::nullopt; });
  RawClient client(plugin);
  client.send("GET a\r\n");
  const auto asked = plugin.wait_for_requests(1);
  plugin.enter_control_thread();
  std::thread answering([&] {
    ScriptedCompletion nothing;
    nothing.results.resize(1);
    plugin.node().complete(asked.at(0).id, nothing);
  });
  plugin.drain(std::chrono::seconds(10));
  answering.join();
  CHECK(client.receive(5) == "$-1\r\n");
}

}  // namespace tenon::api_resp
