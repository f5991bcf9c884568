// SPDX-License-Identifier: MIT
// Writes with all that they can say, transactions and sessions, against a server over a map.
#include "support/catch.hpp"
#include "tenon_client/client.hpp"
#include "test_server.hpp"

namespace tenon::client {
namespace {

Client connect(std::vector<Endpoint> endpoints) { return Client(Options{.endpoints = std::move(endpoints)}); }

TestServer::Behaviour map_service() {
  const auto service = std::make_shared<MapService>();
  return [service](std::string request) { return Answer{Answer::Kind::kReply, service->answer(std::move(request))}; };
}

}  // namespace

TEST_CASE("writes say what they made, and show what was there when it is wanted") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  client.put("k", "1");
  const PutResult put = client.put("k", "2", {.write = {.previous = Previous::kWanted}});
  REQUIRE(put.previous);
  CHECK(put.previous->value == "1");
  CHECK(client.increment("k", 40).number == 42);
  CHECK(client.append("k", "!").length == 3);
  client.put("t", "v", {.expiry = {Expiry::Kind::kAfter, 1'000}});
  const GetResult timed = client.get("t");
  CHECK((timed.record->expires_at_ms == 1'000u && timed.cluster_time_ms == 400));
  CHECK(client.persist("t").changed);
  CHECK_FALSE(client.persist("t").changed);
  CHECK_FALSE(client.expire("absent", {Expiry::Kind::kAfter, 5}).changed);
  const GetManyResult many = client.get_many({"t", "absent", "k"});
  REQUIRE(many.records.size() == 3);
  CHECK((many.records[0]->value == "v" && !many.records[1] && many.records[2]->value == "42!"));
  EraseRangeRequest all;
  all.range.prefix = "";
  CHECK(client.erase_range(all).erased == 2);
}

TEST_CASE("a transaction runs one of its branches") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  Transaction wanted;
  wanted.compares.push_back({.key = "k"});
  wanted.operations.push_back({.kind = Operation::Kind::kPut, .key = "k", .value = "v"});
  wanted.operations.push_back({.kind = Operation::Kind::kIncrement, .key = "n", .delta = 3});
  wanted.otherwise.push_back({.kind = Operation::Kind::kGet, .key = "k"});
  const TransactionResult first = client.transaction(wanted);
  CHECK(first.succeeded);
  REQUIRE(first.results.size() == 2);
  CHECK(first.results[1].number == 3);
  const TransactionResult second = client.transaction(wanted);
  CHECK_FALSE(second.succeeded);
  REQUIRE(second.results.size() == 1);
  CHECK(second.results[0].record->value == "v");
}

TEST_CASE("a write in a session is done once, and an expired session is told apart") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  const std::uint64_t session = client.open_session(std::chrono::seconds(10));
  const PutOptions once{.write = {.in_session = InSession{session, 1, 1}}};
  CHECK(client.put("k", "v", once).revision == client.put("k", "v", once).revision);
  CHECK(client.get("k").record->version == 1);
  client.keep_session_alive(session);
  client.close_session(session);
  CHECK_THROWS_AS(client.put("k", "v", once), SessionExpired);
  CHECK_THROWS_AS(client.keep_session_alive(session), SessionExpired);
}

}  // namespace tenon::client
