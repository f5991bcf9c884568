// SPDX-License-Identifier: MIT
// Whatever bytes come: the right status, a bounded cost, and a counter.
#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "request_reader.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

constexpr std::string_view kHost = "Host: 127.0.0.1\r\n";

bool has_code(const Answer& answer, const std::string& code) {
  return answer.body.find("\"code\":\"" + code + "\"") != std::string::npos;
}

}  // namespace

TEST_CASE("a target that is none is refused and asks nothing of the node") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  const auto target = GENERATE(values<std::string>({
      "/v1/kv/%",
      "/v1/kv/%2",
      "/v1/kv/%zz",
      "/v1/kv/a/../b",
      "/v1/kv/./b",
      "/v1/kv/..",
      "/v1/kv/a\"b",
      "/v1/kv/a\x7f",
      "/v1/kv?prefix=%f",
      "/v1/kv?prefix=a&prefix=b",
      "ftp://127.0.0.1/v1/kv/a",
      "*",
      "v1/kv/a",
  }));
  const Answer answer = client.call("GET", target);
  CHECK(answer.status == 400);
  CHECK((has_code(answer, "malformed_target") || has_code(answer, "malformed_request")));
  CHECK(plugin.node().submits().empty());
}

TEST_CASE("parameters are known ones of their form") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  const auto target = GENERATE(values<std::string>({
      "/v1/kv/k?consistensy=stale",
      "/v1/kv/k?consistency=strong",
      "/v1/kv/k?max_age=5s",
      "/v1/kv/k?timeout=0",
      "/v1/kv/k?timeout=99999999999999999999",
      "/v1/kv/k?forward=perhaps",
      "/v1/kv?limit=-1",
      "/v1/kv?prefix=a&start=b",
      "/v1/kv?cursor=%2A",
      "/livez?exclude=nothing-such",
  }));
  CHECK(client.call("GET", target).status == 400);
  CHECK(client.call("PUT", "/v1/kv/k?ttl=5s&keep_expiry", "v").status == 400);
  CHECK(client.call("PUT", "/v1/kv/k", "v", "Idempotency-Key: 0b50ff3a-uuid\r\n").status == 400);
}

TEST_CASE("paths and methods that are not there say what is") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  CHECK(client.call("GET", "/v2/kv").status == 404);
  CHECK(client.call("GET", "/v1/kv/").status == 404);
  const Answer answer = client.call("PATCH", "/v1/kv/k");
  CHECK(answer.status == 405);
  CHECK(answer.field("Allow") == "GET, HEAD, PUT, DELETE");
  CHECK(client.call("FROB", "/v1/kv/k").status == 501);
}

TEST_CASE("a message that is no request ends the connection with the reason") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  struct Row {
    std::string message;
    int status;
  };
  const std::string get = "GET / HTTP/1.1\r\n" + std::string(kHost);
  const std::string put = "PUT /v1/kv/k HTTP/1.1\r\n" + std::string(kHost);
  const auto row = GENERATE_COPY(values<Row>({
      {"\r\n\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/9.9\r\n\r\n", 505},
      {"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 505},
      {get + "bad field\r\n\r\n", 400},
      {get + std::string("Na\0me: v\r\n\r\n", 12), 400},
      {put + "Content-Length: -1\r\n\r\n", 400},
      {put + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {put + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {put + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {put + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {put + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {put + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413},
      {put + "Content-Length: 1048577\r\n\r\n", 413},
      {put + "Expect: a miracle\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
  }));
  INFO(row.message);
  REQUIRE(client.send(row.message));
  const std::optional<Answer> answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->status == row.status);
  CHECK(answer->field("Connection") == "close");
  client.shutdown_output();
  CHECK(client.ended());
  CHECK(plugin.wait_for_metric("responses_total", 1));
  CHECK(plugin.node().submits().empty());
}

TEST_CASE("a body in chunks is read the same however its bytes come") {
  const std::string chunks = GENERATE("0\r\n\r\n", "0\r\nA: b\r\n\r\n", "1\r\na\r\n0\r\n\r\n");
  const std::string text = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
  const RequestLimits limits{4096, 20, 4096};
  for (std::size_t first = 1; first < text.size(); ++first) {
    INFO(first);
    RequestReader reader(limits);
    std::size_t taken = 0;
    for (std::size_t end = first; end <= text.size() && !reader.complete() && !reader.refused(); ++end) {
      taken += reader.take(std::string_view(text).substr(taken, end - taken));
    }
    CHECK_FALSE(reader.refused());
    CHECK(reader.complete());
    CHECK(taken == text.size());
  }
}

TEST_CASE("limits are named with their values") {
  RunningPlugin plugin(at_once, {{"header_bytes_max", "4KiB"}, {"header_fields_max", "8"}});
  SECTION("of the header") {
    HttpClient client(plugin.port());
    REQUIRE(client.send("GET /" + std::string(5000, 'a')));
    const std::optional<Answer> answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->status == 431);
    CHECK(answer->body.find("\"limit\":{\"name\":\"header_bytes_max\",\"value\":4096}") != std::string::npos);
  }
  SECTION("of the fields") {
    HttpClient client(plugin.port());
    std::string fields;
    for (int i = 0; i < 8; ++i) fields += "X-Some: v\r\n";
    const Answer answer = client.call("GET", "/livez", {}, fields);
    CHECK(answer.status == 431);
    CHECK(has_code(answer, "too_many_fields"));
  }
  SECTION("of a line between two chunks that never ends") {
    HttpClient client(plugin.port());
    REQUIRE(client.send("PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                        std::string(5000, 'x')));
    const std::optional<Answer> answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->status == 431);
  }
  SECTION("of the body, while the client still sends it") {
    HttpClient client(plugin.port());
    REQUIRE(client.send("PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\n\r\n"));
    static_cast<void>(client.send(std::string(2000000, 'x')));
    const std::optional<Answer> answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->status == 413);
    CHECK(answer->body.find("\"limit\":{\"name\":\"body_bytes_max\",\"value\":1048576}") != std::string::npos);
  }
}

TEST_CASE("limits of what a request says are options, and are named with their values too") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  const auto names = [](const Answer& answer, const std::string& limit) {
    return answer.status == 400 && answer.body.find("\"limit\":{\"name\":" + limit + "}") != std::string::npos;
  };
  std::string target = "/v1/kv?";
  for (int i = 0; i < 17; ++i) target += "&p" + std::to_string(i);
  CHECK(names(client.call("GET", target), "\"parameters_max\",\"value\":16"));
  const std::string deep = "{\"operations\":" + std::string(8, '[') + std::string(8, ']') + "}";
  for (const char* path : {"/v1/txn", "/v1/batch"}) {
    CHECK(names(client.call("POST", path, deep), "\"json_depth_max\",\"value\":8"));
  }
  const Answer compatible = client.call("PUT", "/set", deep, "X-Request-ID: mine\r\n");
  CHECK(compatible.body.find("8 deep (json_depth_max)") != std::string::npos);
  CHECK(compatible.body.find("\"request_id\":\"mine\"") != std::string::npos);
  const std::string offer = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  CHECK(names(client.call("GET", "/ws", {}, offer + "Sec-WebSocket-Key: " + std::string(257, 'k') + "\r\n"),
              "\"upgrade_field_bytes_max\",\"value\":256"));
  CHECK(plugin.node().submits().empty());
}

TEST_CASE("a key of 64 KiB with every byte percent-encoded reaches the node") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  std::string target = "/v1/kv/";
  for (int i = 0; i < 65536; ++i) target += "%00";
  CHECK(client.call("PUT", target, "v").status == 200);
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  CHECK(requests.at(0).operations.at(0).key == std::string(65536, '\0'));
}

TEST_CASE("a header field of 64 KiB and more is read like any other") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  CHECK(client.call("PUT", "/v1/kv/k", "v", "X-Some: " + std::string(70000, 'a') + "\r\n").status == 200);
}

TEST_CASE("a request that comes too slowly ends") {
  RunningPlugin plugin(later, {{"header_timeout", "60ms"}, {"body_timeout", "60ms"}});
  const auto start = GENERATE(values<std::string>({
      "GET /livez HTTP/1.1\r\nHost: 127",
      "PUT /v1/kv/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf",
  }));
  HttpClient client(plugin.port());
  REQUIRE(client.send(start));
  const std::optional<Answer> answer = client.receive();
  REQUIRE(answer);
  CHECK(answer->status == 408);
  CHECK(answer->body.find("_timeout\",\"value\":60}") != std::string::npos);
}

TEST_CASE("a page of another site is refused, by its origin or by the name that it has given this node") {
  RunningPlugin plugin(at_once, {{"hosts", "db.example, other.example"}, {"origins", "https://ui.example"}});
  HttpClient client(plugin.port());
  const auto status_with = [&](const std::string& fields) {
    if (!client.send("PUT /v1/kv/k HTTP/1.1\r\nContent-Length: 1\r\n" + fields + "\r\nv")) return 0;
    return client.receive().value_or(Answer{}).status;
  };
  CHECK(status_with("Host: 127.0.0.1:8080\r\n") == 200);
  CHECK(status_with("Host: [::1]:8080\r\n") == 200);
  CHECK(status_with("Host: localhost\r\n") == 200);
  CHECK(status_with("Host: DB.example:80\r\n") == 200);
  CHECK(status_with("Host: 127.0.0.1:8080\r\nOrigin: http://127.0.0.1:8080\r\n") == 200);
  CHECK(status_with("Host: 127.0.0.1:80\r\nOrigin: http://127.0.0.1\r\n") == 200);
  CHECK(status_with("Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:80\r\n") == 200);
  CHECK(status_with("Host: [::1]\r\nOrigin: https://[::1]:443\r\n") == 200);
  CHECK(status_with("Host: 127.0.0.1\r\nOrigin: https://127.0.0.1:80\r\n") == 403);
  CHECK(status_with("Host: 127.0.0.1:8080\r\nOrigin: http://127.0.0.1\r\n") == 403);
  CHECK(status_with("Host: 127.0.0.1:8080\r\nOrigin: https://ui.example\r\n") == 200);
  CHECK(status_with("Host: 127.0.0.1:8080\r\nOrigin: http://evil.example\r\n") == 403);
  CHECK(status_with("Host: 127.0.0.1:8080\r\nOrigin: null\r\n") == 403);
  CHECK(status_with("Host: evil.example:8080\r\n") == 421);
  CHECK(status_with("Host: evil.example:8080\r\nOrigin: http://evil.example:8080\r\n") == 421);
  CHECK(status_with("Host: 127.0.0.1.evil.example\r\n") == 421);
  CHECK(status_with("Host: a@127.0.0.1\r\n") == 400);
  CHECK(status_with("Host: a b\r\n") == 400);
  CHECK(status_with("Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n") == 400);
  CHECK(status_with("") == 400);
}

TEST_CASE("a page of an origin that is listed may ask what it may send, and read the answers") {
  RunningPlugin plugin(at_once, {{"origins", "https://ui.example"}});
  HttpClient client(plugin.port());
  const std::string listed = "Origin: https://ui.example\r\n";
  const std::string asks = "Access-Control-Request-Method: PUT\r\n";
  REQUIRE(client.ask("OPTIONS", "/v1/kv/k", {}, listed + asks));
  const Answer may = client.receive(false).value();
  CHECK(may.status == 204);
  CHECK(may.field("Access-Control-Allow-Origin") == "https://ui.example");
  CHECK(may.field("Access-Control-Allow-Methods") == "GET, HEAD, PUT, DELETE");
  CHECK(may.field("Access-Control-Allow-Headers").find("If-Match") != std::string::npos);
  CHECK(may.field("Access-Control-Allow-Credentials").empty());
  CHECK(client.call("OPTIONS", "/v2", {}, listed + asks).status == 404);
  CHECK(client.call("OPTIONS", "/v1/kv/k", {}, listed).status == 405);
  REQUIRE(client.send("OPTIONS /v1/kv/k HTTP/1.1\r\nHost: evil.example\r\n" + listed + asks + "\r\n"));
  CHECK(client.receive().value().status == 421);
  for (const char* path : {"/v1/kv/k", "/v1/kv/k?colour=1"}) {  // 200 and 400
    const Answer done = client.call("PUT", path, "v", listed);
    CHECK(done.field("Access-Control-Allow-Origin") == "https://ui.example");
    CHECK(done.field("Access-Control-Expose-Headers").find("ETag") != std::string::npos);
    CHECK(done.field("Vary") == "Origin");
  }
  for (const char* other : {"", "Origin: http://127.0.0.1\r\n", "Origin: https://evil.example\r\n"}) {
    CHECK(client.call("OPTIONS", "/v1/kv/k", {}, other + asks).status == 405);
    CHECK(client.call("PUT", "/v1/kv/k", "v", other).head.find("Access-Control-") == std::string::npos);
  }
}
