// SPDX-License-Identifier: MIT
// Connections that bring something as it happens: watches by Server-Sent Events, and WebSockets.
#include <thread>

#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: tenon.v1+json\r\n\r\n";

// A text frame as clients send it; a mask of zeros changes nothing. Needs: less than 126 bytes.
std::string frame(const std::string& text) {
  REQUIRE(text.size() < 126);
  return "\x81" + std::string(1, static_cast<char>(0x80 | text.size())) + std::string(4, '\0') + text;
}

ScriptedCompletion change(std::uint64_t revision, std::string value = "v") {
  ScriptedCompletion made;
  made.flags = TENON_COMPLETION_MORE;
  made.revision = revision;
  made.results = {{.records = {{.key = "k", .value = std::move(value), .modified = revision}}}};
  return made;
}

// The requests to watch; fewer after ten seconds.
std::vector<ScriptedRequest> watches(RunningPlugin& plugin, std::size_t count) {
  std::vector<ScriptedRequest> found;
  eventually([&] {
    found.clear();
    for (const ScriptedRequest& one : plugin.node().wait_for_requests(0)) {
      if (one.operations.at(0).kind == TENON_WATCH) found.push_back(one);
    }
    return found.size() >= count;
  });
  REQUIRE(found.size() >= count);
  return found;
}

}  // namespace

TEST_CASE("a watch that its client does not read stands still, and goes on behind what was sent") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port(), 4096);
  REQUIRE(client.send("GET /v1/watch?key=k&from_revision=5 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  const ScriptedRequest first = watches(plugin, 1).at(0);
  CHECK(first.operations.at(0).flags == TENON_RANGE_ONE);
  CHECK(first.operations.at(0).revision == 5);
  std::uint64_t revision = 4;
  const std::string large(256 * 1024, 'x');
  CHECK(eventually([&] { return !plugin.node().complete_if_open(first.id, change(++revision, large)); }));
  CHECK(eventually([&] { return plugin.node().on_loan() == 0; }));
  CHECK(plugin.node().cancelled() == std::vector<std::uint64_t>{first.id});
  CHECK(client.receive_until("event: progress\nid: 5\n").find("event: put\n") != std::string::npos);
  // It asks again when all that was brought is sent, which takes the client to read.
  std::thread reading([&] { client.receive_until("\"value\":\"last\""); });
  const ScriptedRequest again = watches(plugin, 2).at(1);
  CHECK(again.operations.at(0).revision <= revision);
  CHECK(again.operations.at(0).revision > 5);
  CHECK(again.operations.at(0).key == "k");
  CHECK(again.consistency == TENON_READ_STALE);
  plugin.node().complete(again.id, change(revision, "last"));
  reading.join();
}

TEST_CASE("a watch that the node ends says why, with the id of its request") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port());
  REQUIRE(client.send("GET /v1/watch HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: mine\r\n\r\n"));
  const std::uint64_t watch = watches(plugin, 1).at(0).id;
  plugin.node().complete(watch, change(5));
  CHECK(client.receive_until("event: progress\nid: 5\n").find("event: put\n") != std::string::npos);
  ScriptedCompletion ended;
  ended.outcome = TENON_OUTCOME_REFUSED;
  ended.error = TENON_ERROR_COMPACTED;
  ended.revision = 90;
  plugin.node().complete(watch, ended);
  const std::string last = client.receive_until("0\r\n\r\n");
  CHECK(last.find("event: end\n") != std::string::npos);
  CHECK(last.find("\"code\":\"compacted\"") != std::string::npos);
  CHECK(last.find("\"request_id\":\"mine\"") != std::string::npos);
  CHECK(last.find("\"value\":90") != std::string::npos);
}

TEST_CASE("a client that goes ends its watch") {
  RunningPlugin plugin(later);
  std::uint64_t watch = 0;
  {
    HttpClient client(plugin.port());
    REQUIRE(client.send("GET /v1/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    watch = watches(plugin, 1).at(0).id;
    plugin.node().complete(watch, change(5));
    client.receive_until("event: progress\nid: 5\n");
  }
  CHECK(eventually([&] { return plugin.node().cancelled() == std::vector<std::uint64_t>{watch}; }));
}

// The last chunk of a stream needs room in the budget too: a session that does not get it ends within the drain.
TEST_CASE("a plugin drains with open watches, also when there is no room for another byte") {
  RunningPlugin plugin(later,
                       {{"buffer_bytes_max", "1MiB"}, {"body_bytes_max", "400KiB"}, {"header_bytes_max", "1KiB"}});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(plugin.port()));
    REQUIRE(clients.back()->send("GET /v1/watch HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    plugin.node().complete(watches(plugin, i).at(i - 1).id, change(5));
    clients.back()->receive_until("event: progress\nid: 5\n");
  }
  const double before = plugin.host().metric("bytes_received_total").value_or(0);
  double sent = 0;
  for (const std::size_t bytes : {399u * 1024, 399u * 1024, 226u * 1024}) {
    const std::string head = "PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 409600\r\n\r\n";
    clients.push_back(std::make_unique<HttpClient>(plugin.port()));
    REQUIRE(clients.back()->send(head + std::string(bytes, 'b')));
    sent += static_cast<double>(head.size() + bytes);
  }
  REQUIRE(plugin.wait_for_metric("bytes_received_total", before + sent));
  plugin.enter_control_thread();
  plugin.drain(std::chrono::milliseconds(100));
  CHECK(plugin.host().logged("too much output is buffered"));
  plugin.stop();
}

TEST_CASE("a plugin that drains says to its WebSocket clients that it goes") {
  RunningPlugin plugin(later);
  HttpClient client(plugin.port());
  REQUIRE(client.send(kUpgrade));
  REQUIRE(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  plugin.enter_control_thread();
  plugin.drain(std::chrono::seconds(10));
  const std::string going_away = "\x88\x02\x03\xe9";
  CHECK(client.receive_until(going_away) == going_away);
  plugin.stop();
}

TEST_CASE("what a WebSocket client does not read counts in the buffers of all") {
  RunningPlugin plugin(later, {{"buffer_bytes_max", "1MiB"},
                               {"body_bytes_max", "64KiB"},
                               {"header_bytes_max", "16KiB"},
                               {"events_bytes_max", "64MiB"}});
  HttpClient client(plugin.port(), 4096);
  REQUIRE(client.send(kUpgrade));
  REQUIRE(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  REQUIRE(client.send(frame(R"({"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topic":"kv:"}})")));
  const std::uint64_t watch = watches(plugin, 1).at(0).id;
  const std::string large(256 * 1024, 'x');
  std::uint64_t revision = 4;
  CHECK(eventually([&] { return !plugin.node().complete_if_open(watch, change(++revision, large)); }));
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
  // Its room is there for others.
  HttpClient other(plugin.port());
  REQUIRE(other.ask("PUT", "/v1/kv/k", std::string(60'000, 'v')));
  CHECK(eventually([&] {
    for (const ScriptedRequest& one : plugin.node().wait_for_requests(0)) {
      if (one.operations.at(0).kind == TENON_PUT) return true;
    }
    return false;
  }));
}

TEST_CASE("a WebSocket client that reads nothing is closed after the idle timeout") {
  RunningPlugin plugin(later, {{"idle_timeout", "50ms"}, {"events_bytes_max", "64MiB"}});
  HttpClient client(plugin.port(), 4096);
  REQUIRE(client.send(kUpgrade));
  REQUIRE(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  REQUIRE(client.send(frame(R"({"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topic":"kv:"}})")));
  const std::uint64_t watch = watches(plugin, 1).at(0).id;
  const std::string large(256 * 1024, 'x');
  std::uint64_t revision = 4;
  while (revision < 80) {
    if (!plugin.node().complete_if_open(watch, change(++revision, large))) break;
  }
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}
