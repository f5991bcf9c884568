// SPDX-License-Identifier: MIT
// What a node tells everyone who listens, as a client of the WebSocket hears it.
#include "live_fixture.hpp"

using namespace tenon;
using namespace tenon::api_http;

TEST_CASE("events come in order, and those behind a sequence come again") {
  Live live;
  live.feeds.events().publish("1");
  live.feeds.events().publish("2");
  live.subscribe(R"({"topic":"events","resume":{"sequence":"1"}})");
  REQUIRE(live.output.messages.size() == 2);
  CHECK(live.output.messages[1] ==
        R"({"jsonrpc":"2.0","method":"event","params":{"subscription":"1","sequence":"2","data":2}})");
  live.feeds.events().publish("3");
  CHECK(live.output.last().find(R"("sequence":"3","data":3)") != std::string::npos);
}

TEST_CASE("an event is made once, however many are told of it") {
  Live live;
  Output other_output;
  LiveConnection other(live.environment, other_output);
  live.subscribe(R"({"topic":"events"})");
  other.take(call("subscribe", R"({"topic":"events"})"));
  live.feeds.events().publish("1");
  REQUIRE(other_output.tails.size() == 2);
  CHECK(live.output.tails.at(1) != nullptr);
  CHECK(live.output.tails.at(1) == other_output.tails.at(1));
}

TEST_CASE("a sequence of another process says that nobody knows what was missed, and all that is kept comes") {
  const std::string resume = GENERATE(R"({"sequence":"77"})", R"({"sequence":"1","run":"run-0"})");
  Live live;
  for (const char* event : {"1", "2"}) live.feeds.events().publish(event);
  live.subscribe(R"({"topic":"events","resume":)" + resume + "}");
  REQUIRE(live.output.messages.size() == 4);
  CHECK(live.output.messages[1].find(R"("params":{"subscription":"1","unit":"sequence"})") != std::string::npos);
  CHECK(live.output.messages[2].find(R"("sequence":"1","data":1)") != std::string::npos);
  CHECK(live.output.messages[3].find(R"("sequence":"2","data":2)") != std::string::npos);
}

TEST_CASE("a sequence of this process goes on where it was") {
  Live live;
  for (const char* event : {"1", "2"}) live.feeds.events().publish(event);
  live.subscribe(R"({"topic":"events","resume":{"sequence":"1","run":"run-1"}})");
  REQUIRE(live.output.messages.size() == 2);
  CHECK(live.output.messages[1].find(R"("sequence":"2","data":2)") != std::string::npos);
  live.subscribe(R"({"topic":"kv:","resume":{"revision":"1","run":"run-1"}})");
  INFO(live.output.last());
  CHECK(live.output.last().find("run") != std::string::npos);
  CHECK(live.output.last().find("error") != std::string::npos);
}

TEST_CASE("events that the node no longer had are said to be missing, live and to who comes again") {
  Live live;
  live.subscribe(R"({"topic":"events"})");
  live.feeds.events().publish(4, "4");
  live.feeds.events().publish(7, "7");
  REQUIRE(live.output.messages.size() == 4);  // of what was before the first, nobody was to hear
  CHECK(live.output.messages[2].find(R"("from":"5","to":"6","unit":"sequence")") != std::string::npos);
  live.output.messages.clear();
  live.subscribe(R"({"topic":"events","resume":{"sequence":"4"}})");
  REQUIRE(live.output.messages.size() == 3);
  CHECK(live.output.messages[1].find(R"("from":"5","to":"6","unit":"sequence")") != std::string::npos);
  CHECK(live.output.messages[2].find(R"("sequence":"7","data":7)") != std::string::npos);
}

TEST_CASE("what the node did not tell is not told to anyone") {
  Live live;
  live.subscribe(R"({"topic":"cluster"})");
  live.subscribe(R"({"topic":"metrics"})");
  const std::vector<ScriptedRequest> asked = live.node.wait_for_requests(6);
  REQUIRE(asked.size() == 6);
  for (const ScriptedRequest& one : asked) {
    ScriptedCompletion completion;
    completion.outcome = TENON_OUTCOME_OVERLOADED;
    completion.error = TENON_ERROR_BUSY;
    live.node.complete(one.id, completion);
  }
  live.submissions.poll();
  CHECK(live.output.messages.size() == 2);  // that they are subscribed
  CHECK(live.feeds.cluster_now().empty());
}

TEST_CASE("however many listen, no more than 100 are told in a second until that takes five seconds") {
  CHECK(feed_interval(0) == std::chrono::seconds(1));
  CHECK(feed_interval(100) == std::chrono::seconds(1));
  CHECK(feed_interval(101) == std::chrono::milliseconds(1010));
  CHECK(feed_interval(400) == std::chrono::seconds(4));
  CHECK(feed_interval(500) == std::chrono::seconds(5));
  CHECK(feed_interval(static_cast<std::size_t>(-1)) == std::chrono::seconds(5));
}

TEST_CASE("slow operations come as events do, with those that are kept first") {
  Live live;
  live.feeds.slow().publish("1");
  live.subscribe(R"({"topic":"slow"})");
  REQUIRE(live.output.messages.size() == 2);
  CHECK(live.output.messages[1].find(R"("sequence":"1","data":1)") != std::string::npos);
  live.feeds.slow().publish("2");
  CHECK(live.output.last().find(R"("sequence":"2","data":2)") != std::string::npos);
  live.subscribe(R"({"topic":"slow","resume":{"sequence":"1"}})");
  CHECK(live.output.last().find(R"("subscription":"2","sequence":"2","data":2)") != std::string::npos);
}

TEST_CASE("a client that does not read is left out, is told so when it reads, and then has what is kept") {
  Live live;
  live.subscribe(R"({"topic":"events"})");
  live.output.unsent = 1001;
  for (int i = 1; i <= 1030; ++i) live.feeds.events().publish(std::to_string(i));
  CHECK(live.output.messages.size() == 1);
  CHECK(live.host.metric("left_out") == 1030);
  live.output.unsent = 0;
  live.output.messages.clear();
  live.connection->on_sent();
  // All of them were left out, and of those the first six are not kept any more.
  REQUIRE(live.output.messages.size() == 2 + 1024);
  CHECK(live.output.messages[0].find(R"("from":"1","to":"1030","unit":"sequence")") != std::string::npos);
  CHECK(live.output.messages[1].find(R"("from":"1","to":"6","unit":"sequence")") != std::string::npos);
  CHECK(live.output.messages[2].find(R"("sequence":"7","data":7)") != std::string::npos);
  live.feeds.events().publish("1031");
  CHECK(live.output.last().find(R"("sequence":"1031")") != std::string::npos);
}
