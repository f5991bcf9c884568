// SPDX-License-Identifier: MIT
// What a client of the WebSocket asks for and is told, without the socket.
#include "live_fixture.hpp"

using namespace tenon;
using namespace tenon::api_http;

TEST_CASE("what is no call is answered with the error that JSON-RPC has for it") {
  Live live;
  struct Row {
    std::string message;
    std::string part;
  };
  const auto row = GENERATE(values<Row>({
      {"{", R"("id":null,"error":{"code":-32700)"},
      {"[]", R"("id":null,"error":{"code":-32600)"},
      {"7", R"("id":null,"error":{"code":-32600)"},
      {R"({"id":1,"method":"ping"})", "-32600"},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", "-32600"},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", "-32600"},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", R"("id":1,"error":{"code":-32600)"},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", "-32600"},
      {R"({"jsonrpc":"2.0","id":"a","method":"frobnicate"})", R"("id":"a","error":{"code":-32601)"},
      {call("subscribe", R"({"topic":"weather"})"), "unknown_topic"},
      {call("subscribe", R"({"topic":"kv:a","resume":{"sequence":1}})"), "unknown_member"},
      {call("subscribe", R"({"topic":"events","resume":{"sequence":-1}})"), "-32602"},
      {call("subscribe", R"({"topic":"events","colour":1})"), "unknown_member"},
      {call("subscribe", "{}"), "topic is missing"},
      {call("unsubscribe", R"({"subscription":"9"})"), "not_found"},
      {std::string(100, '[') + std::string(100, ']'), "too_deep"},
  }));
  INFO(row.message);
  live.connection->take(row.message);
  REQUIRE(live.output.messages.size() == 1);
  CHECK(live.output.last().find(row.part) != std::string::npos);
}

TEST_CASE("limits of a message are named with their values") {
  Live live;
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  live.connection->take("[" + ping + "," + ping + "," + ping + "," + ping + "]");
  CHECK(live.output.last().find("error") == std::string::npos);
  live.connection->take("[" + ping + "," + ping + "," + ping + "," + ping + "," + ping + "]");
  CHECK(live.output.last().find(R"("limit":{"name":"calls_max","value":4})") != std::string::npos);
  live.connection->take(R"({"jsonrpc":"2.0","id":")" + std::string(31, 'i') + R"(","method":"ping"})");
  CHECK(live.output.last().find(R"("limit":{"name":"id_bytes_max","value":32})") != std::string::npos);
  live.connection->take(std::string(9, '[') + std::string(9, ']'));
  CHECK(live.output.last().find(R"("limit":{"name":"json_depth_max","value":8})") != std::string::npos);
}

TEST_CASE("each error is counted by its code, also that of a notification") {
  Live live;
  live.environment.errors.emplace(kParseError, live.metrics.metric("unreadable"));
  live.environment.errors.emplace(kMethodNotFound, live.metrics.metric("unknown"));
  live.connection->take("{");
  live.connection->take(call("nothing", "{}"));
  live.connection->take(R"({"jsonrpc":"2.0","method":"nothing"})");
  live.connection->take(call("ping", "{}"));
  CHECK(live.host.metric("unreadable") == 1);
  CHECK(live.host.metric("unknown") == 2);
}

TEST_CASE("calls in an array are answered in an array, notifications not at all") {
  Live live;
  live.connection->take(R"({"jsonrpc":"2.0","method":"ping"})");
  CHECK(live.output.messages.empty());
  live.connection->take(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"ping"},3])");
  CHECK(live.output.last() ==
        R"([{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":)"
        R"("a call is an object"}}])");
  live.connection->take(call("hello", "{}"));
  CHECK(live.output.last().find(R"("protocol":"tenon.v1","node_id":"7","cluster_id":"c","run":"run-1")") !=
        std::string::npos);
}

TEST_CASE("a client has as many subscriptions as it may, and another when it has given one up") {
  Live live;
  for (int i = 0; i < 3; ++i) live.subscribe(R"({"topic":"events"})");
  live.subscribe(R"({"topic":"events"})");
  CHECK(live.output.last().find(R"("limit":{"name":"subscriptions_max","value":3})") != std::string::npos);
  live.connection->take(call("unsubscribe", R"({"subscription":"2"})"));
  live.subscribe(R"({"topic":"events"})");
  CHECK(live.output.last() == R"({"jsonrpc":"2.0","id":1,"result":{"subscription":"4"}})");
  CHECK(live.environment.open_subscriptions == 3);
  live.connection.reset();
  CHECK(live.environment.open_subscriptions == 0);
}

TEST_CASE("subscriptions that end together count down once each, though an end brings others to theirs") {
  Live live;
  for (int i = 0; i < 3; ++i) live.connection->take(call("subscribe", R"({"topic":"kv:"})"));
  CHECK(live.environment.open_subscriptions == 3);
  live.submissions.submit();
  for (const ScriptedRequest& one : live.watches(3)) {
    ScriptedCompletion ended;
    ended.outcome = TENON_OUTCOME_OVERLOADED;
    ended.error = TENON_ERROR_BUSY;
    live.node.complete(one.id, ended);
  }
  live.connection.reset();
  live.submissions.poll();
  CHECK(live.environment.open_subscriptions == 0);
}

TEST_CASE("a client that does not read keeps nothing on loan, and its watch stands still until it reads") {
  Live live;
  live.subscribe(R"({"topic":"kv:","resume":{"revision":"9"}})");
  const std::uint64_t first = live.watches(1).at(0).id;
  live.bring(first, {.revision = 10, .results = {{.records = {{.key = "a", .modified = 10}}}}});
  CHECK(live.node.on_loan() == 0);
  CHECK(live.node.cancelled().empty());
  live.output.unsent = 1001;
  ScriptedCompletion more{.revision = 12, .results = {{.records = {{.key = "b", .modified = 12}}}}};
  more.flags = TENON_COMPLETION_MORE;
  live.node.complete(first, more);
  more.revision = 13;
  live.node.complete(first, more);  // is under way when the watch is stopped
  const std::size_t before = live.output.messages.size();
  live.submissions.poll();
  CHECK(live.output.messages.size() == before + 1);
  CHECK(live.node.cancelled() == std::vector<std::uint64_t>{first});
  CHECK(live.node.on_loan() == 0);
  live.submissions.poll();
  live.output.unsent = 0;
  live.connection->on_sent();
  live.submissions.submit();
  const ScriptedRequest again = live.watches(2).at(1);
  CHECK(again.operations.at(0).revision == 13);
  CHECK(again.consistency == TENON_READ_STALE);
  live.bring(again.id, {.revision = 13, .results = {{.records = {{.key = "b", .modified = 13}}}}});
  CHECK(live.output.last().find(R"("sequence":"3","revision":"13")") != std::string::npos);
}

TEST_CASE("changes of keys come as the watch brings them") {
  Live live;
  live.subscribe(R"({"topic":"kv:users/","resume":{"revision":"41"},"return_previous":true})");
  const ScriptedRequest watch = live.watches(1).at(0);
  CHECK(watch.operations.at(0).key == "users/");
  CHECK(watch.operations.at(0).flags == (TENON_RANGE_PREFIX | TENON_WITH_PREVIOUS));
  CHECK(watch.operations.at(0).revision == 42);
  CHECK(watch.consistency == TENON_READ_STALE);
  live.bring(watch.id, {.revision = 42,
                        .results = {{.records = {{.key = "users/1", .value = "v", .modified = 42},
                                                 {.key = "users/2", .kind = TENON_RECORD_DELETED}}}}});
  CHECK(live.output.last().find(R"("sequence":"1","revision":"42","data":{"changes":[{"change":"put","record":)"
                                R"({"key":"users/1","value":"v")") != std::string::npos);
  CHECK(live.output.last().find(R"({"change":"delete","record":{"key":"users/2","create)") != std::string::npos);
  const std::size_t before = live.output.messages.size();
  live.bring(watch.id, {.revision = 50, .results = {{}}});
  CHECK(live.output.messages.size() == before);
  live.connection->on_sent();
  live.connection->take(call("unsubscribe", R"({"subscription":"1"})"));
  CHECK(live.node.cancelled() == std::vector<std::uint64_t>{watch.id});
}

TEST_CASE("a watch that has fallen behind says what is missing and goes on at the oldest that is kept") {
  Live live;
  live.subscribe(R"({"topic":"kv:","resume":{"revision":"4"}})");
  ScriptedCompletion behind;
  behind.outcome = TENON_OUTCOME_REFUSED;
  behind.error = TENON_ERROR_COMPACTED;
  behind.revision = 90;
  live.node.complete(live.watches(1).at(0).id, behind);
  live.submissions.poll();
  live.submissions.submit();
  CHECK(live.output.last().find(
            R"("method":"lagged","params":{"subscription":"1","from":"5","to":"89","unit":"revision")") !=
        std::string::npos);
  const ScriptedRequest again = live.watches(2).at(1);
  CHECK(again.operations.at(0).revision == 90);  // so that what is missing is what was said
  live.bring(again.id, {.revision = 100, .results = {{}}});
  CHECK(live.output.last().find(R"("revision":"100","data":{"changes":[]})") != std::string::npos);
}

TEST_CASE("messages of a channel, or of all that begin alike, come as they are published") {
  Live live;
  live.subscribe(R"({"topic":"pubsub:news"})");
  live.subscribe(R"({"topic":"pubsub:room/*"})");
  const std::vector<ScriptedRequest> requests = live.node.wait_for_requests(2);
  CHECK(requests.at(0).operations.at(0).kind == TENON_SUBSCRIBE);
  CHECK(requests.at(0).operations.at(0).flags == TENON_RANGE_ONE);
  CHECK(requests.at(0).operations.at(0).key == "news");
  CHECK(requests.at(1).operations.at(0).flags == TENON_RANGE_PREFIX);
  CHECK(requests.at(1).operations.at(0).key == "room/");
  live.bring(requests.at(1).id, {.results = {{.records = {{.key = "room/1", .value = "\xff"}}}}});
  CHECK(live.output.last().find(R"("subscription":"2","sequence":"1","data":{"messages":[{"channel":"room/1",)"
                                R"("message_base64":"/w=="}]})") != std::string::npos);
  ScriptedCompletion missed;
  missed.flags = TENON_COMPLETION_MORE | TENON_COMPLETION_MISSED;
  live.node.complete(requests.at(1).id, missed);
  live.submissions.poll();
  CHECK(live.output.last().find(R"("method":"lagged","params":{"subscription":"2","unit":"message"})") !=
        std::string::npos);
  live.connection->take(call("subscribe", R"({"topic":"pubsub:"})"));
  CHECK(live.output.last().find("a channel is missing") != std::string::npos);
}

TEST_CASE("a watch that the node ends is over, and the client is told why") {
  Live live;
  live.subscribe(R"({"topic":"kv:"})");
  ScriptedCompletion ended;
  ended.outcome = TENON_OUTCOME_OVERLOADED;
  ended.error = TENON_ERROR_BUSY;
  live.node.complete(live.watches(1).at(0).id, ended);
  live.submissions.poll();
  CHECK(live.output.last().find(R"("method":"ended","params":{"subscription":"1","error":{"code":"overloaded")") !=
        std::string::npos);
  CHECK(live.environment.open_subscriptions == 0);
}
