// SPDX-License-Identifier: MIT
// What the node does not do, as docs/apis/redis-api.md says that clients hear of it.
#include "failure.hpp"

#include "plugin_fixture.hpp"
#include "support/catch.hpp"
#include "tenon/bytes.hpp"

namespace tenon::api_resp {
namespace {

tenon_completion ended(std::uint32_t outcome, tenon_error error, std::uint64_t leader = 1,
                       std::string_view address = {}) {
  tenon_completion completion{};
  completion.outcome = outcome;
  completion.error = error;
  completion.leader = leader;
  completion.leader_address = bytes(address);
  return completion;
}

std::string word(const tenon_completion& completion, Redirect redirect = Redirect::kForward) {
  const std::string text = failure_text(completion, redirect, 42);
  return text.substr(0, text.find(' '));
}

}  // namespace

TEST_CASE("each end of a request has the word that Redis uses for it") {
  constexpr std::uint32_t kRefused = TENON_OUTCOME_REFUSED;
  CHECK(word(ended(TENON_OUTCOME_UNKNOWN, TENON_ERROR_TIMEOUT)) == "UNKNOWN");
  CHECK(word(ended(77, TENON_OK)) == "UNKNOWN");
  CHECK(word(ended(TENON_OUTCOME_OVERLOADED, TENON_ERROR_BUSY)) == "TRYAGAIN");
  CHECK(word(ended(kRefused, TENON_ERROR_BUSY)) == "TRYAGAIN");
  CHECK(word(ended(kRefused, TENON_ERROR_NOT_LEADER)) == "TRYAGAIN");
  CHECK(word(ended(kRefused, TENON_ERROR_NOT_LEADER, 0)) == "CLUSTERDOWN");
  CHECK(word(ended(kRefused, TENON_ERROR_TIMEOUT)) == "TRYAGAIN");
  CHECK(word(ended(kRefused, TENON_ERROR_TIMEOUT, 0)) == "CLUSTERDOWN");
  CHECK(word(ended(kRefused, TENON_ERROR_NO_SPACE)) == "OOM");
  CHECK(word(ended(kRefused, TENON_ERROR_CLOSED)) == "LOADING");
  CHECK(word(ended(kRefused, TENON_ERROR_TOO_LARGE)) == "ERR");
  CHECK(word(ended(kRefused, TENON_ERROR_NOT_LEADER, 2), Redirect::kMoved) == "READONLY");
  CHECK(failure_text(ended(kRefused, TENON_ERROR_NOT_LEADER, 2, "10.0.0.2:6379"), Redirect::kMoved, 42) ==
        "MOVED 42 10.0.0.2:6379");
}

TEST_CASE("an outcome that nobody knows is said, and ends the connection") {
  RunningPlugin plugin([](const ScriptedRequest& request) {
    ScriptedCompletion completion;
    if (request.operations[0].kind == TENON_PUT) {
      completion.outcome = TENON_OUTCOME_UNKNOWN;
      completion.error = TENON_ERROR_TIMEOUT;
      completion.message = "the leader was lost";
    } else {
      completion.results.resize(request.operations.size());
    }
    return std::optional(completion);
  });
  RawClient client(plugin);
  client.send("GET a\r\nSET a 1\r\nGET a\r\n");
  CHECK(client.ended());
  CHECK(client.rest == "$-1\r\n-UNKNOWN the leader was lost; it may have been applied\r\n");
}

TEST_CASE("an answer that has not a result for each operation is one that nobody knows") {
  const auto count = GENERATE(values<std::size_t>({0, 2}));
  RunningPlugin plugin([count](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.results.resize(count);
    return std::optional(completion);
  });
  for (const std::string_view request : {"GET a\r\n", "SET a 1\r\n", "TYPE a\r\n"}) {
    RawClient client(plugin);
    client.send(request);
    CHECK(client.ended());
    CHECK(client.rest.starts_with("-UNKNOWN the node's answer has " + std::to_string(count) + " results"));
  }
}

TEST_CASE("a refusal leaves the connection as it is") {
  RunningPlugin plugin([](const ScriptedRequest&) {
    ScriptedCompletion completion;
    completion.outcome = TENON_OUTCOME_REFUSED;
    completion.error = TENON_ERROR_NO_SPACE;
    completion.message = "the disk is full";
    return std::optional(completion);
  });
  RawClient client(plugin);
  CHECK(client.ask("SET a 1") == "-OOM the disk is full\r\n");
  CHECK(client.ask("PING") == "+PONG\r\n");
}

TEST_CASE("with redirect = moved a client is sent to the leader, and reads here only when it says so") {
  RunningPlugin plugin(
      [](const ScriptedRequest& request) {
        ScriptedCompletion completion;
        if (request.flags & TENON_REQUEST_NO_FORWARD) {
          completion.outcome = TENON_OUTCOME_REFUSED;
          completion.error = TENON_ERROR_NOT_LEADER;
          completion.leader = 2;
          completion.leader_address = "127.0.0.1:7002";
        } else {
          completion.results.resize(request.operations.size());
        }
        return std::optional(completion);
      },
      {{"redirect", "moved"}});
  RawClient client(plugin);
  CHECK(client.ask("SET foo 1") == "-MOVED 12182 127.0.0.1:7002\r\n");
  CHECK(client.ask("GET foo") == "-MOVED 12182 127.0.0.1:7002\r\n");
  CHECK(client.ask("READONLY") == "+OK\r\n");
  CHECK(client.ask("GET foo") == "$-1\r\n");
  CHECK(client.ask("CLUSTER KEYSLOT foo") == ":12182\r\n");
  CHECK(plugin.wait_for_requests(3).back().consistency == TENON_READ_STALE);
}

}  // namespace tenon::api_resp
