// SPDX-License-Identifier: MIT
// The dashboard's files, what their page may reach, and whom /ws is for.
#include "cluster_json.hpp"
#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"
#include "web_files.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

constexpr const char* kMembers =
    "id=7 clients=thrift://10.0.0.7:9|http://10.0.0.7:80\n"
    "id=8 clients=http://[::8]:80|http://db.example:443\n"
    "id=9 clients=thrift://10.0.0.7:9\n"
    "id=10 clients=http://evil.example;script-src\n";

testing::FakeClientHost::Answer with_members(const std::string& members = kMembers) {
  return [members](const ScriptedRequest& request) {
    ScriptedCompletion completion;
    completion.results.push_back({.records = {{.key = request.operations.at(0).key, .value = members}}});
    return std::optional(completion);
  };
}

std::string upgrade_from(const std::string& origin) {
  return "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Protocol: tenon.v1+json\r\nOrigin: " +
         origin + "\r\n\r\n";
}

}  // namespace

TEST_CASE("the page comes with a policy that lets it reach this node, and its frame with one for the members") {
  RunningPlugin plugin(with_members());
  HttpClient client(plugin.port());
  REQUIRE(client.send("GET / HTTP/1.1\r\nHost: localhost:80\r\n\r\n"));
  const Answer page = client.receive().value();
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.field("Content-Security-Policy") ==
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self' "
        "ws://localhost:80 wss://localhost:80");
  CHECK(page.field("X-Frame-Options") == "DENY");
  const Answer frame = client.call("GET", "/dashboard/reach.html");
  CHECK(frame.status == 200);
  CHECK(frame.field("Content-Security-Policy") ==
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; connect-src "
        "ws://10.0.0.7:80 wss://10.0.0.7:80 ws://[::8]:80 wss://[::8]:80 ws://db.example:443 wss://db.example:443");
  CHECK(frame.field("X-Frame-Options") == "SAMEORIGIN");
  CHECK(frame.body.find("<script") == std::string::npos);
  CHECK(page.field("X-Content-Type-Options") == "nosniff");
  CHECK(page.body.find("style=") == std::string::npos);
  CHECK(page.body.find("http") == std::string::npos);
  CHECK(client.call("GET", "/?from=8&since=12").status == 200);
  CHECK(client.call("GET", "/?colour=1").status == 400);
}

TEST_CASE("every file is served with its type, and only once to whoever has it") {
  RunningPlugin plugin(with_members());
  HttpClient client(plugin.port());
  std::size_t served = 0;
  for (const WebFile& file : web_files()) {
    const std::string target = "/dashboard/" + std::string(file.name);
    INFO(target);
    const Answer answer = client.call("GET", target);
    if (file.name == "index.html" || file.name == "openapi.json") {
      CHECK(answer.status == 404);
      continue;
    }
    ++served;
    CHECK(answer.status == 200);
    CHECK(answer.body == std::string(file.bytes, file.bytes + file.size));
    CHECK(answer.field("Content-Type") == file.content_type);
    CHECK(answer.field("ETag") == file.entity_tag);
    CHECK(answer.field("Cache-Control") == (file.name == "reach.html" ? "no-store" : "no-cache"));
    const int again = file.name == "reach.html" ? 200 : 304;  // whose policy may be another than last time
    CHECK(client.call("GET", target, {}, "If-None-Match: " + answer.field("ETag") + "\r\n").status == again);
    CHECK(client.call("GET", target, {}, "If-None-Match: \"other\"\r\n").status == 200);
  }
  CHECK(served > 10);
  CHECK(client.call("GET", "/dashboard/other.js").status == 404);
  CHECK(client.call("GET", "/dashboard/").status == 404);
}

TEST_CASE("a node that is told so serves no dashboard") {
  RunningPlugin plugin(with_members(), {{"dashboard", "no"}});
  HttpClient client(plugin.port());
  CHECK(client.call("GET", "/").status == 404);
  CHECK(client.call("GET", "/dashboard/app.js").status == 404);
}

TEST_CASE("the page of a member may listen, that of another site may not") {
  RunningPlugin plugin(with_members());
  for (const auto& [origin, status] : std::vector<std::pair<std::string, int>>{{"http://127.0.0.1:80", 101},
                                                                               {"http://10.0.0.7:80", 101},
                                                                               {"http://127.0.0.1", 101},
                                                                               {"https://127.0.0.1", 403},
                                                                               {"https://10.0.0.7:80", 101},
                                                                               {"http://10.0.0.7", 101},
                                                                               {"HTTP://10.0.0.7", 101},
                                                                               {"http://[::8]", 101},
                                                                               {"https://db.example", 101},
                                                                               {"http://db.example", 403},
                                                                               {"http://10.0.0.7:81", 403},
                                                                               {"https://10.0.0.7", 403},
                                                                               {"http://", 403},
                                                                               {"thrift://10.0.0.7:9", 403},
                                                                               {"null", 403}}) {
    INFO(origin);
    HttpClient client(plugin.port());
    REQUIRE(client.send(upgrade_from(origin)));
    const std::string head = client.receive_until("\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
  }
}

TEST_CASE("a page is not called another site's while a member has not said where it serves pages") {
  RunningPlugin plugin(with_members(std::string(kMembers) + "id=11 clients=-\n"));
  for (const auto& [origin, status] :
       std::vector<std::pair<std::string, int>>{{"http://10.0.0.7:80", 101}, {"http://10.0.0.9:80", 503}}) {
    INFO(origin);
    HttpClient client(plugin.port());
    REQUIRE(client.send(upgrade_from(origin)));
    const std::string head = client.receive_until("\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    CHECK((head.find("Retry-After: 1\r\n") != head.npos) == (status == 503));
  }
}

TEST_CASE("plugins are told with their options, whatever these contain") {
  CHECK(plugins_json("") == R"({"plugins":[]})");
  CHECK(plugins_json(" option lost 1\nplugin=api.x id=x version=1.0 abi=1.0\n file /a b/x.so\n option hosts \n"
                     " option listen a, \"b\"\n other thing\nplugin=storage.y\n") ==
        R"({"plugins":[{"abi":"1.0","file":"/a b/x.so","id":"x","other":"thing","plugin":"api.x","version":"1.0",)"
        R"("options":{"hosts":"","listen":"a, \"b\""}},{"plugin":"storage.y","options":{}}]})");
}
