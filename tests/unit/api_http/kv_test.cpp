// SPDX-License-Identifier: MIT
// One key as a resource, and ranges: what the node is asked, and what becomes of its answers.
#include "http_client.hpp"
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

using namespace tenon;
using namespace tenon::api_http;

namespace {

std::optional<ScriptedCompletion> stored(const ScriptedRequest&) {
  ScriptedCompletion completion;
  completion.revision = 41;
  completion.leader = 2;
  completion.term = 6;
  completion.cluster_time_ms = 1000;
  completion.results.push_back(
      {.records = {{.key = "k", .value = std::string("a\0\xff", 3), .created = 3, .modified = 12, .version = 5}}});
  return completion;
}

std::optional<ScriptedCompletion> written(const ScriptedRequest& request) {
  std::optional<ScriptedCompletion> completion = at_once(request);
  completion->revision = 42;
  completion->results.at(0).number = 1;
  return completion;
}

ScriptedRequest only_request(RunningPlugin& plugin) {
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  REQUIRE(requests.size() == 1);
  return requests[0];
}

}  // namespace

TEST_CASE("a key's value is the body, whatever its bytes, and its revisions are fields") {
  RunningPlugin plugin(stored);
  HttpClient client(plugin.port());
  const Answer answer = client.call("GET", "/v1/kv/users/%00%2F%ff?consistency=stale&max_age=1500ms&timeout=2");
  CHECK(answer.status == 200);
  CHECK(answer.body == std::string("a\0\xff", 3));
  CHECK(answer.field("ETag") == "\"12\"");
  CHECK(answer.field("X-Tenon-Revision") == "41");
  CHECK(answer.field("X-Tenon-Term") == "6");
  CHECK(answer.field("X-Tenon-Leader") == "2");
  CHECK(answer.field("X-Tenon-Version") == "5");
  CHECK(answer.field("Content-Type") == "application/octet-stream");
  const ScriptedRequest request = only_request(plugin);
  CHECK(request.operations.at(0).kind == TENON_GET);
  CHECK(request.operations.at(0).key == std::string("users/\0/\xff", 9));
  CHECK(request.consistency == TENON_READ_STALE);
  CHECK(request.max_age_ms == 1500);
  CHECK(request.timeout_ms == 2000);
  CHECK(request.flags == 0);
}

TEST_CASE("HEAD has the fields of GET and no body") {
  RunningPlugin plugin(stored);
  HttpClient client(plugin.port());
  const Answer answer = client.call("HEAD", "/v1/kv/k");
  CHECK(answer.status == 200);
  CHECK(answer.field("Content-Length") == "3");
  CHECK(client.call("GET", "/v1/kv/k").body.size() == 3);
}

TEST_CASE("a read with a condition on the entity tag") {
  RunningPlugin plugin(stored);
  HttpClient client(plugin.port());
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-None-Match: \"12\"\r\n").status == 304);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-None-Match: W/\"12\"\r\n").status == 304);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-None-Match: \"13\"\r\n").status == 200);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-Match: \"12\"\r\n").status == 200);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-Match: \"13\"\r\n").status == 412);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-Match: 12\r\n").status == 400);
  CHECK(client.call("GET", "/v1/kv/k", {}, "If-Match: \"1\", \"12\"\r\n").status == 400);
}

TEST_CASE("an absent key is 404, with the revision at which it was absent") {
  RunningPlugin plugin(at_once);
  HttpClient client(plugin.port());
  const Answer answer = client.call("GET", "/v1/kv/k", {}, "X-Request-ID: mine-1\r\n");
  CHECK(answer.status == 404);
  CHECK(answer.field("X-Request-ID") == "mine-1");
  CHECK(plugin.wait_for_line("GET /v1/kv/k 404 mine-1"));
  CHECK(answer.field("X-Tenon-Revision") == "1");
  CHECK(answer.field("X-Tenon-Term").empty());
  CHECK(answer.body ==
        "{\"error\":{\"code\":\"key_not_found\",\"message\":\"there is no such key\",\"status\":404,\"outcome\":"
        "\"refused\",\"request_id\":\"mine-1\"}}\n");
}

TEST_CASE("a put carries its body, its time to live and its condition") {
  RunningPlugin plugin(written);
  HttpClient client(plugin.port());
  const std::string value("v\0\r\n\r\n", 6);
  const Answer answer = client.call("PUT", "/v1/kv/k?ttl=90s&forward=no", value, "If-Match: \"7\"\r\n");
  CHECK(answer.status == 200);
  CHECK(answer.body == "{\"revision\":\"42\"}\n");
  CHECK(answer.field("ETag") == "\"42\"");
  const ScriptedRequest request = only_request(plugin);
  CHECK(request.operations.at(0).kind == TENON_PUT);
  CHECK(request.operations.at(0).value == value);
  CHECK(request.operations.at(0).expiry_ms == 90'000);
  CHECK(request.flags == TENON_REQUEST_NO_FORWARD);
  REQUIRE(request.compares.size() == 1);
  CHECK(request.compares[0].what == TENON_COMPARE_MODIFIED);
  CHECK(request.compares[0].relation == TENON_EQUAL);
  CHECK(request.compares[0].number == 7);
  CHECK(request.compares[0].key == "k");
}

TEST_CASE("a star in a condition asks whether the key is there") {
  RunningPlugin plugin(written);
  HttpClient client(plugin.port());
  REQUIRE(client.call("PUT", "/v1/kv/k", "v", "If-None-Match: *\r\n").status == 200);
  REQUIRE(client.call("PUT", "/v1/kv/k", "v", "If-Match: *\r\n").status == 200);
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(2);
  CHECK(requests.at(0).compares.at(0).what == TENON_COMPARE_VERSION);
  CHECK(requests.at(0).compares.at(0).relation == TENON_EQUAL);
  CHECK(requests.at(0).compares.at(0).number == 0);
  CHECK(requests.at(1).compares.at(0).relation == TENON_NOT_EQUAL);
}

TEST_CASE("a condition that does not hold is 412 and names the entity tag that the key has") {
  RunningPlugin plugin([](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.flags = TENON_COMPLETION_ELSE;
    completion.results.push_back({.records = {{.key = "k", .modified = 9}}});
    return std::optional(completion);
  });
  HttpClient client(plugin.port());
  const Answer answer = client.call("DELETE", "/v1/kv/k", {}, "If-Match: \"7\"\r\n");
  CHECK(answer.status == 412);
  CHECK(answer.field("ETag") == "\"9\"");
  CHECK(answer.body.find("\"outcome\":\"done\"") != std::string::npos);
}

TEST_CASE("a delete says whether there was something") {
  RunningPlugin plugin(written);
  HttpClient client(plugin.port());
  CHECK(client.call("DELETE", "/v1/kv/k").body == "{\"revision\":\"42\",\"deleted\":true}\n");
  CHECK(only_request(plugin).operations.at(0).kind == TENON_DELETE);
}

TEST_CASE("a range is listed in pages, text as text and other bytes as base64") {
  RunningPlugin plugin([](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.revision = 7;
    completion.results.push_back(
        {.records = {{.key = "a\"", .value = "\xc3\xa4"}, {.key = "b", .value = "\xff", .expires_at_ms = 5}},
         .cursor = "\x01\xfb\xff"});
    return std::optional(completion);
  });
  HttpClient client(plugin.port());
  const Answer answer = client.call("GET", "/v1/kv?prefix=a%26&limit=2&reverse=yes&match=a*&cursor=Afv_");
  CHECK(answer.status == 200);
  CHECK(answer.body ==
        "{\"revision\":\"7\",\"cluster_time_ms\":\"0\",\"records\":["
        "{\"key\":\"a\\\"\",\"value\":\"\xc3\xa4\",\"create_revision\":\"1\",\"mod_revision\":\"1\",\"version\":\"1\"},"
        "{\"key\":\"b\",\"value_base64\":\"/w==\",\"create_revision\":\"1\",\"mod_revision\":\"1\",\"version\":\"1\","
        "\"expires_at_ms\":\"5\"}],\"cursor\":\"Afv_\"}\n");
  const testing::ScriptedOperation scan = only_request(plugin).operations.at(0);
  CHECK(scan.kind == TENON_SCAN);
  CHECK(scan.key == "a&");
  CHECK(scan.flags == (TENON_RANGE_PREFIX | TENON_SCAN_BACKWARD | TENON_SCAN_MATCH));
  CHECK(scan.limit == 2);
  CHECK(scan.value == "a*");
  CHECK(scan.cursor == std::string("\x01\xfb\xff"));
}

TEST_CASE("what the node says becomes a status, and what may be concluded is in the body") {
  struct Row {
    std::uint32_t outcome;
    tenon_error error;
    int status;
    std::string code;
    std::string says;
  };
  const auto row = GENERATE(values<Row>({
      {TENON_OUTCOME_REFUSED, TENON_ERROR_INVALID, 400, "invalid", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_TOO_LARGE, 413, "too_large", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_NOT_LEADER, 503, "not_leader", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_TIMEOUT, 503, "timeout", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_NO_SPACE, 507, "no_space", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_COMPACTED, 410, "compacted", "refused"},
      {TENON_OUTCOME_REFUSED, TENON_ERROR_REUSED, 422, "idempotency_key_reused", "refused"},
      {TENON_OUTCOME_DONE, TENON_ERROR_WRONG_TYPE, 409, "wrong_type", "done"},
      {TENON_OUTCOME_UNKNOWN, TENON_ERROR_TIMEOUT, 504, "unknown_outcome", "unknown"},
      {TENON_OUTCOME_SESSION_EXPIRED, TENON_OK, 410, "session_expired", "unknown"},
      {TENON_OUTCOME_OVERLOADED, TENON_ERROR_BUSY, 429, "overloaded", "refused"},
  }));
  RunningPlugin plugin([&](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.outcome = row.outcome;
    completion.error = row.error;
    completion.message = "why";
    return std::optional(completion);
  });
  HttpClient client(plugin.port());
  const Answer answer = client.call("PUT", "/v1/kv/k", "v");
  CHECK(answer.status == row.status);
  CHECK(answer.body.find("\"code\":\"" + row.code + "\"") != std::string::npos);
  CHECK(answer.body.find("\"outcome\":\"" + row.says + "\"") != std::string::npos);
  CHECK((answer.field("Retry-After") == "1") == (row.status == 503 || row.status == 429));
}

TEST_CASE("an answer that has not a result for each operation is no answer, and the plugin lives on") {
  const auto count = GENERATE(values<std::size_t>({0, 1, 3}));
  RunningPlugin plugin([count](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.results.resize(count);
    return std::optional(completion);
  });
  HttpClient client(plugin.port());
  const std::string two = R"({"operations":[{"op":"put","key":"a","value":"1"},{"op":"delete","key":"b"}]})";
  std::vector<Answer> answers = {client.call("POST", "/v1/txn", two), client.call("POST", "/v1/batch", two)};
  if (count != 1) {
    answers.push_back(client.call("PUT", "/v1/kv/k", "v"));
    answers.push_back(client.call("GET", "/v1/kv/k"));
  }
  for (const Answer& answer : answers) {
    CHECK(answer.status == 500);
    CHECK(answer.body.find("\"code\":\"internal\"") != std::string::npos);
    CHECK(answer.body.find("\"outcome\":\"unknown\"") != std::string::npos);
    CHECK(answer.body.find("has " + std::to_string(count) + " results") != std::string::npos);
  }
}

TEST_CASE("a node that may not forward redirects to the leader's address for clients") {
  RunningPlugin plugin([](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.outcome = TENON_OUTCOME_REFUSED;
    completion.error = TENON_ERROR_NOT_LEADER;
    completion.leader = 3;
    completion.leader_address = "10.0.0.3:8080";
    return std::optional(completion);
  });
  HttpClient client(plugin.port());
  const Answer answer = client.call("PUT", "/v1/kv/a%20b?forward=0", "v");
  CHECK(answer.status == 307);
  CHECK(answer.field("Location") == "http://10.0.0.3:8080/v1/kv/a%20b?forward=0");
  CHECK(answer.body.find("\"leader\":{\"node\":\"3\",\"address\":\"http://10.0.0.3:8080\"}") != std::string::npos);
}
