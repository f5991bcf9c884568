// SPDX-License-Identifier: MIT
// What cluster-aware clients are told of nodes whose address is not known.
#include "plugin_fixture.hpp"
#include "support/catch.hpp"

namespace tenon::api_resp {
namespace {

RunningPlugin::Answer members(std::string text) {
  return [text = std::move(text)](const ScriptedRequest& request) {
    ScriptedCompletion completion;
    testing::ScriptedRecord record;
    record.key = request.operations[0].key;
    record.value = text;
    completion.results.push_back({TENON_OK, {record}, 0, {}});
    return std::optional(completion);
  };
}

}  // namespace

TEST_CASE("a node without an address is no place to send clients to") {
  RunningPlugin plugin(members("id=1 is_leader=yes clients=resp://10.0.0.1:6379\nid=2 is_leader=no\n"),
                       {{"redirect", "moved"}});
  RawClient client(plugin);
  CHECK(answers(client, "CLUSTER SLOTS\r\n", "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$8\r\n10.0.0.1\r\n:6379\r\n$40\r\n"));
  CHECK(client.ask("PING", "+PONG\r\n").find("$0\r\n") == std::string::npos);
  client.send("CLUSTER SHARDS\r\n");
  const std::string shards = client.ask("PING", "+PONG\r\n");
  CHECK(shards.find("$5\r\nnodes\r\n*1\r\n") != std::string::npos);
  CHECK(shards.find("$7\r\nreplica\r\n") == std::string::npos);
}

TEST_CASE("when the address of the leader is not known, no slot is served") {
  RunningPlugin plugin(members("id=1 is_leader=yes\nid=2 is_leader=no clients=resp://10.0.0.2:6379\n"),
                       {{"redirect", "moved"}});
  RawClient client(plugin);
  CHECK(client.ask("CLUSTER SLOTS") == "*0\r\n");
}

}  // namespace tenon::api_resp
