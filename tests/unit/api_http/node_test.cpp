// SPDX-License-Identifier: MIT
// What the node says of itself.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "router.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

constexpr const char* kReady =
    "version 1.2\ncluster_id c\nnode_id 7\nrole leader\nterm 3\nleader 7\nstanding voter\ncommit_index 9\n"
    "applied_index 9\nlog_space enough\nmail_age_ms 30000\nsync_age_ms 30000\nsomething new\n";

testing::FakeClientHost::Answer telling(std::string text) {
  return [text = std::move(text)](const ScriptedRequest& request) {
    ScriptedCompletion completion;
    completion.results.push_back({.records = {{.key = request.operations.at(0).key, .value = text}}});
    return std::optional(completion);
  };
}

}  // namespace

TEST_CASE("a node that leads or follows is ready, and says what it has looked at when it is asked") {
  RunningPlugin plugin(telling(kReady));
  HttpClient client(plugin.port());
  CHECK(client.call("GET", "/livez").body == "ok\n");
  CHECK(client.call("GET", "/livez?verbose").body == "[+]process ok\n[+]node ok\n[+]disk ok\nok\n");
  CHECK(client.call("GET", "/readyz").body == "ok\n");
  CHECK(client.call("GET", "/readyz?verbose").body == "[+]leader ok\n[+]member ok\n[+]applied ok\n[+]space ok\nok\n");
  CHECK(plugin.node().wait_for_requests(1).at(0).operations.at(0).kind == TENON_ADMIN);
}

TEST_CASE("a node is not ready while it lacks something, and is alive all the same") {
  struct Row {
    std::string part, instead, check;
  };
  const auto row = GENERATE(values<Row>({
      {"leader 7", "leader 0", "leader"},
      {"standing voter", "standing learner", "member"},
      {"commit_index 9", "commit_index 20000", "applied"},
      {"log_space enough", "log_space short", "space"},
  }));
  std::string status = kReady;
  status.replace(status.find(row.part), row.part.size(), row.instead);
  RunningPlugin plugin(telling(status));
  HttpClient client(plugin.port());
  const Answer answer = client.call("GET", "/readyz");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("[-]" + row.check + " failed") != std::string::npos);
  CHECK(client.call("GET", "/readyz?exclude=" + row.check).status == 200);
  CHECK(client.call("GET", "/livez").status == 200);
}

TEST_CASE("a node whose thread or disk stands still is not alive") {
  struct Row {
    std::string part, instead, check;
  };
  const auto row = GENERATE(values<Row>({
      {"mail_age_ms 30000", "mail_age_ms 30001", "node"},
      {"sync_age_ms 30000", "sync_age_ms 30001", "disk"},
  }));
  std::string status = kReady;
  status.replace(status.find(row.part), row.part.size(), row.instead);
  RunningPlugin plugin(telling(status));
  HttpClient client(plugin.port());
  const Answer answer = client.call("GET", "/livez");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("[-]" + row.check + " failed: ") != std::string::npos);
  CHECK(answer.body.find("30001 ms") != std::string::npos);
  CHECK(client.call("GET", "/livez?exclude=" + row.check).status == 200);
  CHECK(client.call("GET", "/readyz").status == 200);
}

TEST_CASE("slow operations are told with their keys as bytes") {
  RunningPlugin plugin(
      telling("sequence=3 time_ms=5 api=resp op=put code=done took_us=7 key=a%20b key_bytes=3 request=1 trace=i%2Dd\n"
              "sequence=4 time_ms=6 api=http op=get code=unknown took_us=8 key=%FF key_bytes=90 more=1\n"
              "sequence=5 key=-\n"));
  HttpClient client(plugin.port());
  CHECK(
      client.call("GET", "/v1/slow_operations").body ==
      R"({"operations":[{"api":"resp","code":"done","key":"a b","key_bytes":"3","op":"put","request":"1",)"
      R"("sequence":"3","time_ms":"5","took_us":"7","trace":"i-d"},{"api":"http","code":"unknown","key_base64":"/w==",)"
      R"("key_bytes":"90","more":"1","op":"get","sequence":"4","time_ms":"6","took_us":"8"},{"sequence":"5"}]})"
      "\n");
}

TEST_CASE("the status of old has the end of the log") {
  RunningPlugin plugin(telling(std::string(kReady) + "last_index 9\nlast_term 2\nfirst_index 4\n"));
  HttpClient client(plugin.port());
  const std::string body = client.call("GET", "/raft/status").body;
  CHECK(body.find(R"("logLen":6,"lastLogIndex":9,"lastLogTerm":2,"logBaseIndex":3)") != std::string::npos);
}

TEST_CASE("health needs no name that this node knows, for balancers call it by any") {
  RunningPlugin plugin(telling(kReady));
  HttpClient client(plugin.port());
  const auto status_of = [&](const std::string& path) {
    REQUIRE(client.send("GET " + path + " HTTP/1.1\r\nHost: some.service\r\n\r\n"));
    return client.receive().value().status;
  };
  for (const char* path : {"/livez", "/readyz", "/version", "/metrics", "/openapi.json"}) CHECK(status_of(path) == 200);
  // These tell where the peers are, and a page whose name was made to point here could read it.
  for (const char* path : {"/health", "/raft/status", "/v1/cluster"}) CHECK(status_of(path) == 421);
}

TEST_CASE("version and metrics are the host's words") {
  RunningPlugin plugin(telling(kReady));
  HttpClient client(plugin.port());
  CHECK(client.call("GET", "/version").body ==
        "{\"version\":\"1.2\",\"api\":\"v1\",\"cluster_id\":\"c\",\"node_id\":\"7\"}\n");
  const Answer metrics = client.call("GET", "/metrics");
  CHECK(metrics.body == kReady);
  CHECK(metrics.field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("the description has every path of programs, with its method and its parameters") {
  RunningPlugin plugin(telling(kReady));
  HttpClient client(plugin.port());
  const boost::json::value document = boost::json::parse(client.call("GET", "/openapi.json").body);
  const boost::json::object& shared = document.at("components").at("parameters").as_object();
  std::size_t described = 0;
  for (const auto& [path, methods] : document.at("paths").as_object()) described += methods.as_object().size();
  const auto is_for_browsers = [](const Route& route) {
    return route.path == kLivePath || route.path == "/" || route.path == "/dashboard/";
  };
  CHECK(described + 3 == routes().size());
  for (const Route& route : routes()) {
    if (is_for_browsers(route)) continue;
    INFO(route.path);
    std::string path(route.path);
    if (path == "/v1/kv/") path += "{key}";
    if (path == "/v1/sessions/") path += "{session}";
    if (path == "/v1/channels/") path += "{channel}";
    std::string method(boost::beast::http::to_string(route.verb));
    for (char& letter : method) letter = static_cast<char>(letter - 'A' + 'a');
    const boost::json::object& operation = document.at("paths").at(path).at(method).as_object();
    std::vector<std::string> names;
    for (const boost::json::value& one : operation.at("parameters").as_array()) {
      const boost::json::string* reference = one.as_object().contains("$ref") ? &one.at("$ref").as_string() : nullptr;
      const std::string name = reference ? std::string(reference->subview(reference->rfind('/') + 1)) : "";
      const boost::json::value& parameter = reference ? shared.at(name) : one;
      if (parameter.at("in") == "query") names.emplace_back(parameter.at("name").as_string());
    }
    std::vector<std::string> known(route.parameters.begin(), route.parameters.end());
    std::sort(names.begin(), names.end());
    std::sort(known.begin(), known.end());
    CHECK(names == known);
  }
}
