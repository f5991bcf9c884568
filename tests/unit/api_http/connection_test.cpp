// SPDX-License-Identifier: MIT
// Connections: order, bounds, and how they end.
#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

std::string get_text(const std::string& key) { return "GET /v1/kv/" + key + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"; }

ScriptedCompletion value_of(const std::string& value) {
  ScriptedCompletion completion;
  completion.results.push_back({.records = {{.key = "k", .value = value}}});
  return completion;
}

}  // namespace

TEST_CASE("a request that comes byte by byte is answered") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  const std::string text =
      "PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
      "Trailer: t\r\n\r\n";
  for (const char byte : text) REQUIRE(client.send({&byte, 1}));
  CHECK(client.receive().value().status == 200);
  CHECK(plugin.node().wait_for_requests(1).at(0).operations.at(0).value == "abcde");
}

TEST_CASE("answers leave in the order of the requests, and what is read together is submitted together") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port());
  REQUIRE(client.send(get_text("a") + get_text("b") + get_text("c")));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(3);
  REQUIRE(requests.size() == 3);
  CHECK(plugin.node().submits() == std::vector<std::size_t>{3});
  plugin.node().complete(requests[2].id, value_of("third"));
  plugin.node().complete(requests[1].id, value_of("second"));
  plugin.node().complete(requests[0].id, value_of("first"));
  CHECK(client.receive().value().body == "first");
  CHECK(client.receive().value().body == "second");
  CHECK(client.receive().value().body == "third");
}

TEST_CASE("a client is told to go on before it sends a body that it announces") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  REQUIRE(client.send("PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"));
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(client.send("v"));
  CHECK(client.receive().value().status == 200);
}

TEST_CASE("a connection stays open unless the client wants it closed") {
  RunningPlugin plugin(at_once);
  SECTION("by a field") {
    HttpClient client(plugin.port());
    CHECK(client.call("PUT", "/v1/kv/k", "v").field("Connection") == "keep-alive");
    CHECK(client.call("PUT", "/v1/kv/k", "v", "Connection: close\r\n").field("Connection") == "close");
    CHECK(client.ended());
  }
  SECTION("by its version") {
    HttpClient client(plugin.port());
    REQUIRE(client.send("GET /v1/kv/k HTTP/1.0\r\n\r\n"));
    CHECK(client.receive().value().field("Connection") == "close");
    CHECK(client.ended());
  }
}

TEST_CASE("a client that has shut its sending side down still gets its answers") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port());
  REQUIRE(client.send(get_text("a")));
  client.shutdown_output();
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  plugin.node().complete(requests.at(0).id, value_of("v"));
  CHECK(client.receive().value().body == "v");
  CHECK(client.ended());
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("completions for a client that has gone are taken and dropped") {
  RunningPlugin plugin(later);
  {
    HttpClient client(plugin.port());
    REQUIRE(client.send(get_text("a")));
    REQUIRE(plugin.node().wait_for_requests(1).size() == 1);
  }
  plugin.node().complete(plugin.node().wait_for_requests(1).at(0).id, value_of("v"));
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("no more than the pipelined requests of a connection are taken at a time, and then the next") {
  RunningPlugin plugin(later, {{"pipelined_requests_max", "4"}});
  HttpClient client(plugin.port());
  std::string requests_text;
  for (int i = 0; i < 10; ++i) requests_text += get_text("k");
  REQUIRE(client.send(requests_text));
  REQUIRE(plugin.node().wait_for_requests(4).size() == 4);
  HttpClient other(plugin.port());
  REQUIRE(other.send(get_text("other")));
  REQUIRE(plugin.node().wait_for_requests(5).at(4).operations.at(0).key == "other");
  std::size_t answered = 0;
  while (answered < 11) {
    const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(answered + 1);
    REQUIRE(requests.size() > answered);
    for (; answered < requests.size(); ++answered) plugin.node().complete(requests[answered].id, value_of("v"));
  }
  for (int i = 0; i < 10; ++i) REQUIRE(client.receive());
}

TEST_CASE("requests beyond the depth of the queue are refused as overloaded") {
  RunningPlugin plugin(later, {{"queue_depth", "1"}});
  HttpClient client(plugin.port());
  REQUIRE(client.send(get_text("a") + get_text("b")));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  plugin.node().complete(requests.at(0).id, value_of("v"));
  CHECK(client.receive().value().status == 200);
  const Answer refused = client.receive().value();
  CHECK(refused.status == 429);
  CHECK(refused.field("Retry-After") == "1");
  CHECK(refused.body.find("\"limit\":{\"name\":\"queue_depth\",\"value\":1}") != std::string::npos);
}

TEST_CASE("health and metrics are answered when clients have filled the queue") {
  RunningPlugin plugin(
      [](const ScriptedRequest& request) {
        if (request.operations.at(0).kind != TENON_ADMIN) return std::optional<ScriptedCompletion>();
        return std::optional(value_of("leader 1\nstanding voter\n"));
      },
      {{"queue_depth", "1"}});
  HttpClient client(plugin.port());
  REQUIRE(client.send(get_text("a")));
  REQUIRE(plugin.node().wait_for_requests(1).size() == 1);
  HttpClient other(plugin.port());
  CHECK(other.call("GET", "/v1/kv/b").status == 429);
  CHECK(other.call("GET", "/livez").status == 200);
  CHECK(other.call("GET", "/readyz").status == 200);
  CHECK(other.call("GET", "/metrics").status == 200);
}

TEST_CASE("a client that does not read its answers is closed, and the others are served") {
  const std::string large(65536, 'v');
  RunningPlugin plugin([&](const ScriptedRequest&) { return std::optional(value_of(large)); },
                       {{"output_bytes_max", "256KiB"}});
  HttpClient slow(plugin.port(), 4096);
  std::string requests;
  for (int i = 0; i < 16; ++i) requests += get_text("k");
  CHECK(eventually([&] {
    slow.send_some(requests);
    return plugin.host().logged("the client does not read");
  }));
  HttpClient other(plugin.port());
  CHECK(other.call("GET", "/v1/kv/k").status == 200);
}

TEST_CASE("connections beyond a bound are closed at once and counted") {
  const std::string option = GENERATE(std::string("connections_max"), std::string("connections_per_address_max"));
  RunningPlugin plugin(at_once, {{option, "1"}});
  HttpClient first(plugin.port());
  REQUIRE(first.call("PUT", "/v1/kv/k", "v").status == 200);
  HttpClient second(plugin.port());
  CHECK(second.ended());
  CHECK(plugin.wait_for_metric("connections_refused_total", 1));
}

TEST_CASE("a connection without traffic is closed after the idle timeout, one that waits for an answer is not") {
  RunningPlugin plugin(later, {{"idle_timeout", "50ms"}});
  HttpClient waiting(plugin.port());
  REQUIRE(waiting.send(get_text("k")));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  HttpClient idle(plugin.port());
  CHECK(idle.ended());
  plugin.node().complete(requests.at(0).id, value_of("v"));
  CHECK(waiting.receive().value().body == "v");
  CHECK(waiting.ended());
}

TEST_CASE("a plugin that drains answers what it has taken and takes nothing more") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port());
  REQUIRE(client.send(get_text("a") + get_text("b")));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(2);
  REQUIRE(requests.size() == 2);
  std::thread draining([&] {
    plugin.enter_control_thread();
    plugin.drain(std::chrono::seconds(10));
  });
  plugin.node().complete(requests[0].id, value_of("first"));
  plugin.node().complete(requests[1].id, value_of("second"));
  CHECK(client.receive().value().body == "first");
  CHECK(client.receive().value().body == "second");
  CHECK(client.ended());
  draining.join();
  plugin.enter_control_thread();
  plugin.stop();
}
