// SPDX-License-Identifier: MIT
// The order of replies, and which requests travel together.
#include "plugin_fixture.hpp"
#include "raw_client.hpp"
#include "reply_order.hpp"
#include "support/catch.hpp"

using namespace tenon::api_thrift;

namespace {

ScriptedCompletion done(std::uint64_t revision) {
  ScriptedCompletion completion;
  completion.revision = revision;
  completion.results.resize(1);
  return completion;
}

std::string gets(std::uint32_t first, std::uint32_t count) {
  std::string bytes;
  for (std::uint32_t i = 0; i < count; ++i) bytes += frame(get_message("k" + std::to_string(first + i), first + i));
  return bytes;
}

std::vector<std::uint32_t> sequences(RawClient& client, std::size_t count) {
  std::vector<std::uint32_t> received;
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<Answer> answer = client.receive_answer();
    if (!answer) break;
    received.push_back(answer->sequence);
  }
  return received;
}

const std::string kAllowReordering = frame(message_begin("allowReordering", kCall, 100) + std::string(1, '\0'));

}  // namespace

TEST_CASE("replies keep the order of the requests, in whatever order the node answers") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(gets(10, 4)));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(4);
  REQUIRE(requests.size() == 4);
  for (const std::size_t i : {3u, 1u, 0u, 2u}) plugin.node().complete(requests[i].id, done(i));
  CHECK(sequences(client, 4) == std::vector<std::uint32_t>{10, 11, 12, 13});
}

TEST_CASE("after allowReordering replies come as the node answers") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(gets(10, 3)));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(3);
  REQUIRE(requests.size() == 3);
  plugin.node().complete(requests[2].id, done(1));
  REQUIRE(client.send(kAllowReordering));
  const std::vector<std::uint32_t> freed = sequences(client, 2);
  CHECK(std::vector<std::uint32_t>(freed.rbegin(), freed.rend()) == std::vector<std::uint32_t>{100, 12});
  plugin.node().complete(requests[1].id, done(1));
  CHECK(sequences(client, 1) == std::vector<std::uint32_t>{11});
  plugin.node().complete(requests[0].id, done(1));
  CHECK(sequences(client, 1) == std::vector<std::uint32_t>{10});
}

TEST_CASE("requests that come in one piece are submitted together, in their order") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(gets(0, 20)));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(20);
  REQUIRE(requests.size() == 20);
  CHECK(plugin.node().submits() == std::vector<std::size_t>{20});
  for (std::size_t i = 0; i < 20; ++i) CHECK(requests[i].operations.at(0).key == "k" + std::to_string(i));
}

TEST_CASE("a read that follows an unfinished write on an ordered connection must see it") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(frame(get_message("k", 1)) + frame(put_message("k", "v", 2)) + frame(get_message("k", 3))));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(3);
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].flags == 0);
  CHECK(requests[1].flags == 0);
  CHECK(requests[2].flags == TENON_REQUEST_AFTER_WRITES);
  for (const ScriptedRequest& request : requests) plugin.node().complete(request.id, done(1));
  CHECK(sequences(client, 3).size() == 3);
  REQUIRE(client.send(frame(get_message("k", 4))));
  CHECK(plugin.node().wait_for_requests(4).at(3).flags == 0);
}

TEST_CASE("a oneway message is executed and not answered") {
  RunningPlugin plugin(at_once);
  RawClient client(plugin.port());
  REQUIRE(client.send(frame(put_message("k", "v", 1, kOneway)) + frame(put_message("k", "", 2, kOneway).substr(0, 25)) +
                      frame(get_message("k", 3))));
  CHECK(sequences(client, 1) == std::vector<std::uint32_t>{3});
  CHECK(plugin.node().wait_for_requests(2).at(0).operations.at(0).value == "v");
}

TEST_CASE("a held reply counts until it leaves") {
  ReplyOrder order;
  std::string left;
  const auto deliver = [&](std::string_view reply) { left += reply; };
  CHECK(order.open() == 0);
  CHECK(order.open() == 1);
  CHECK(order.open() == 2);
  order.fill(1, "bb", deliver);
  CHECK(order.held_bytes() == 2);
  CHECK(order.unfinished() == 2);
  CHECK(order.waiting() == 3);
  order.fill(2, "", deliver);
  CHECK(left.empty());
  order.fill(0, "a", deliver);
  CHECK(left == "abb");
  CHECK(order.held_bytes() == 0);
  CHECK(order.waiting() == 0);
}
