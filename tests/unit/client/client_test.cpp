// SPDX-License-Identifier: MIT
#include "tenon_client/client.hpp"

#include <Kv.h>
#include <thrift/TApplicationException.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <cstring>

#include "support/catch.hpp"
#include "test_server.hpp"

namespace tenon::client {
namespace {

using Kind = Answer::Kind;

Client connect(std::vector<Endpoint> endpoints) { return Client(Options{.endpoints = std::move(endpoints)}); }

TestServer::Behaviour always(Kind kind, const std::string& bytes = {}) {
  return [=](const std::string&) { return Answer{kind, bytes}; };
}

// A server over a map of its own.
TestServer::Behaviour map_service() {
  const auto service = std::make_shared<MapService>();
  return [service](std::string request) { return Answer{Kind::kReply, service->answer(std::move(request))}; };
}

// An endpoint where nobody listens: its server is gone.
Endpoint nobody() { return TestServer(always(Kind::kClose)).endpoint(); }

using apache::thrift::protocol::TBinaryProtocol;
using apache::thrift::transport::TMemoryBuffer;

std::string error_reply(const std::string& method, const thrift_api::TenonError& error) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  TBinaryProtocol protocol(buffer);
  protocol.writeMessageBegin(method, apache::thrift::protocol::T_REPLY, 0);
  thrift_api::Kv_put_result result;  // the error has the same field in every result
  result.error = error;
  result.__isset.error = true;
  result.write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

thrift_api::TenonError tenon_error(int code, int outcome) {
  thrift_api::TenonError error;
  // As numbers, because some of them have no place in the enumerations.
  std::memcpy(&error.code, &code, sizeof code);
  std::memcpy(&error.outcome, &outcome, sizeof outcome);
  error.message = "because";
  return error;
}

std::string refusal_by_follower(const std::string& leader_address) {
  thrift_api::TenonError error = tenon_error(6, 2);
  error.__set_leader_node(2);
  error.__set_leader_address(leader_address);
  return error_reply("put", error);
}

std::string exception_reply(apache::thrift::TApplicationException::TApplicationExceptionType type) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  TBinaryProtocol protocol(buffer);
  protocol.writeMessageBegin("put", apache::thrift::protocol::T_EXCEPTION, 0);
  apache::thrift::TApplicationException(type, "why").write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

}  // namespace

TEST_CASE("what is put can be read, scanned and erased, with its revisions") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  const std::string binary("\0\xff", 2);
  CHECK(client.put("a", "1").revision == 1);
  CHECK(client.put(binary, binary).revision == 2);
  CHECK(client.put("a", "2").revision == 3);
  const GetResult found = client.get("a");
  CHECK(found.revision == 3);
  REQUIRE(found.record.has_value());
  CHECK(found.record->key == "a");
  CHECK(found.record->value == "2");
  CHECK(found.record->create_revision == 1);
  CHECK(found.record->mod_revision == 3);
  CHECK(found.record->version == 2);
  CHECK(client.get(binary).record->value == binary);
  CHECK_FALSE(client.get("b").record.has_value());
  CHECK(client.erase("a").erased);
  CHECK_FALSE(client.erase("a").erased);
  CHECK(server.connections() == 1);
}

TEST_CASE("a scan gives pages of its range") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  for (const char* const key : {"a", "b/1", "b/2", "b/3", "c"}) client.put(key, "value");
  ScanRequest request;
  request.range.prefix = "b/";
  request.limit = 2;
  const ScanResult first = client.scan(request);
  REQUIRE(first.records.size() == 2);
  CHECK(first.records[0].key == "b/1");
  CHECK(first.records[1].value == "value");
  REQUIRE_FALSE(first.cursor.empty());
  request.cursor = first.cursor;
  const ScanResult second = client.scan(request);
  REQUIRE(second.records.size() == 1);
  CHECK(second.records[0].key == "b/3");
  CHECK(second.cursor.empty());
  ScanRequest between;
  between.range.first_key = "b";
  between.range.end_key = "b/3";
  between.content = ScanContent::kKeys;
  const ScanResult keys = client.scan(between);
  REQUIRE(keys.records.size() == 2);
  CHECK(keys.records[0].value.empty());
}

TEST_CASE("compare-and-swap sets the value or shows the one that is there") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  CHECK(client.compare_and_swap("k", std::nullopt, "1").swapped);
  const SwapResult taken = client.compare_and_swap("k", std::nullopt, "2");
  CHECK_FALSE(taken.swapped);
  REQUIRE(taken.current.has_value());
  CHECK(taken.current->value == "1");
  CHECK(client.compare_and_swap("k", "1", "2").swapped);
  CHECK_FALSE(client.compare_and_swap("absent", "1", "2").current.has_value());
  CHECK(client.get("k").record->value == "2");
}

TEST_CASE("the status has what the node told and nothing else") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  const Status status = client.status();
  CHECK(status.endpoint == server.endpoint().text());
  CHECK(status.node_id == 7u);
  CHECK(status.role == "leader");
  CHECK(status.term == 3u);
  CHECK_FALSE(status.revision.has_value());
  CHECK(status.other.at("storage") == "filewal");
}

TEST_CASE("without a connection every endpoint is tried once and named") {
  const Endpoint first = nobody();
  const Endpoint second = nobody();
  Client client = connect({first, second});
  CHECK_THROWS_AS(client.put("k", "v"), NoConnection);
  try {
    client.get("k");
    FAIL("answered");
  } catch (const NoConnection& error) {
    const std::string text = error.what();
    CHECK(text.find(first.text() + ": Connection refused") != std::string::npos);
    CHECK(text.find(second.text() + ": Connection refused") != std::string::npos);
  }
}

TEST_CASE("a write that was not sent goes to the next endpoint") {
  TestServer server(map_service());
  Client client = connect({nobody(), server.endpoint()});
  CHECK(client.put("k", "v").revision == 1);
  CHECK(client.get("k").record->value == "v");
  CHECK(server.connections() == 1);
}

TEST_CASE("a write whose connection is lost has an unknown outcome and is sent nowhere else") {
  TestServer closing(always(Kind::kClose));
  TestServer other(map_service());
  const std::vector<Endpoint> endpoints{closing.endpoint(), other.endpoint()};
  CHECK_THROWS_AS(connect(endpoints).put("k", "v"), UnknownOutcome);
  CHECK_THROWS_AS(connect(endpoints).erase("k"), UnknownOutcome);
  CHECK_THROWS_AS(connect(endpoints).compare_and_swap("k", std::nullopt, "v"), UnknownOutcome);
  CHECK_THROWS_AS(connect(endpoints).transfer_leadership(2), UnknownOutcome);
  CHECK(closing.requests() == 4);
  CHECK(other.requests() == 0);
}

TEST_CASE("after a write of unknown outcome the next request begins at the next endpoint") {
  TestServer closing(always(Kind::kClose));
  TestServer other(map_service());
  Client client = connect({closing.endpoint(), other.endpoint()});
  CHECK_THROWS_AS(client.put("k", "v"), UnknownOutcome);
  CHECK(client.put("k", "w").revision == 1);
  CHECK(closing.requests() == 1);
}

TEST_CASE("a write that a follower refuses goes to the leader that it names, and so does what follows") {
  TestServer leader(map_service());
  TestServer follower(always(Kind::kReply, refusal_by_follower(leader.endpoint().text())));
  TestServer other(map_service());
  Client client = connect({follower.endpoint(), other.endpoint()});
  CHECK(client.put("k", "v").revision == 1);
  CHECK(client.get("k").record->value == "v");
  CHECK(leader.requests() == 2);
  CHECK(follower.requests() == 1);
  CHECK(other.requests() == 0);
}

TEST_CASE("two hints are followed for one request and no third") {
  TestServer leader(map_service());
  TestServer third(always(Kind::kReply, refusal_by_follower(leader.endpoint().text())));
  TestServer second(always(Kind::kReply, refusal_by_follower(third.endpoint().text())));
  TestServer first(always(Kind::kReply, refusal_by_follower(second.endpoint().text())));
  CHECK_THROWS_AS(connect({first.endpoint()}).put("k", "v"), Refused);
  CHECK(leader.requests() == 0);
  CHECK(connect({second.endpoint()}).put("k", "v").revision == 1);
}

TEST_CASE("a hint that leads nowhere leaves the other endpoints to be tried") {
  TestServer server(map_service());
  for (const std::string& hint : {nobody().text(), std::string(), std::string("no endpoint")}) {
    TestServer follower(always(Kind::kReply, refusal_by_follower(hint)));
    Client client = connect({follower.endpoint(), server.endpoint()});
    CHECK_NOTHROW(client.put("k", "v"));
    CHECK(follower.requests() == 1);
    CHECK_THROWS_AS(connect({follower.endpoint()}).put("k", "v"), Refused);
  }
}

TEST_CASE("a leader that is lost leaves the endpoints to be tried, and its write is sent nowhere else") {
  TestServer leader(always(Kind::kClose));
  TestServer follower(always(Kind::kReply, refusal_by_follower(leader.endpoint().text())));
  TestServer other(map_service());
  Client client = connect({follower.endpoint(), other.endpoint()});
  CHECK_THROWS_AS(client.put("k", "v"), UnknownOutcome);
  CHECK(other.requests() == 0);
  CHECK(client.put("k", "v").revision == 1);
}

TEST_CASE("a refusal for another reason than who the node is is final") {
  TestServer full(always(Kind::kReply, error_reply("put", tenon_error(5, 4))));
  TestServer other(map_service());
  CHECK_THROWS_AS(connect({full.endpoint(), other.endpoint()}).put("k", "v"), Refused);
  CHECK(other.requests() == 0);
  TestServer stopping(always(Kind::kReply, error_reply("put", tenon_error(7, 2))));
  CHECK(connect({stopping.endpoint(), other.endpoint()}).put("k", "v").revision == 1);
}

TEST_CASE("members, leadership and its transfer, images and hashes are read as the node tells them") {
  TestServer server(map_service());
  Client client = connect({server.endpoint()});
  const std::vector<Member> members = client.members();
  REQUIRE(members.size() == 2);
  CHECK(members[0].node_id == 7);
  CHECK(members[0].is_leader);
  CHECK_FALSE(members[0].match_index.has_value());
  CHECK(members[1].node_id == 8);
  CHECK(members[1].addresses == std::vector<std::string>{"thrift://h:1"});
  CHECK(members[1].client_addresses.empty());
  CHECK(members[1].control_transport == "thrift");
  CHECK_FALSE(members[1].bulk_transport.has_value());
  CHECK(members[1].match_index == 5u);
  CHECK(members[1].progress == "replicate");
  CHECK(client.leadership().leader == 7);
  CHECK(client.leadership().term == 3);
  CHECK(client.leadership().client_addresses == std::vector<std::string>{"thrift://h:2"});
  CHECK(client.snapshot().bytes == 105);
  CHECK(client.create_snapshot().applied_index == 9);
  CHECK(client.state_hash().hash == "00ff00ff00ff00ff");
  CHECK(client.transfer_leadership(8) == 3);
  CHECK(client.leadership().leader == 8);
}

TEST_CASE("a read whose connection is lost goes to the next endpoint") {
  TestServer closing(always(Kind::kClose));
  TestServer other(map_service());
  Client client = connect({closing.endpoint(), other.endpoint()});
  CHECK_FALSE(client.get("k").record.has_value());
  CHECK(closing.requests() == 1);
  CHECK(other.requests() == 1);
}

TEST_CASE("a write without an answer in time has an unknown outcome, a read found nobody") {
  TestServer silent(always(Kind::kSilence));
  Client client(Options{.endpoints = {silent.endpoint()}, .request_timeout = std::chrono::milliseconds(50)});
  CHECK_THROWS_AS(client.put("k", "v"), UnknownOutcome);
  CHECK_THROWS_AS(client.get("k"), NoConnection);
}

TEST_CASE("an answer that cannot be read is no answer") {
  const std::string huge("\x7f\xff\xff\xff", 4);
  const std::string garbage("\0\0\0\4abcd", 8);
  const std::string other_method("\0\0\0\x10\x80\1\0\2\0\0\0\3xyz\0\0\0\0\0", 20);
  for (const std::string& bytes : {huge, garbage, other_method}) {
    TestServer server(always(Kind::kRawBytes, bytes));
    Client client = connect({server.endpoint()});
    CHECK_THROWS_AS(client.put("k", "v"), UnknownOutcome);
    CHECK_THROWS_AS(client.get("k"), NoConnection);
  }
}

TEST_CASE("an answer beyond the bound is refused by its length alone") {
  TestServer server(always(Kind::kRawBytes, std::string("\x04\0\0\x01", 4)));
  Client client = connect({server.endpoint()});
  CHECK_THROWS_WITH(client.get("k"), Catch::Contains("found an answer of 67108865 bytes"));
}

TEST_CASE("a connection that the node closed meanwhile is made anew before a write") {
  const auto service = std::make_shared<MapService>();
  TestServer server([service](std::string request) {
    return Answer{Kind::kReplyAndClose, service->answer(std::move(request))};
  });
  Client client = connect({server.endpoint()});
  CHECK(client.put("k", "1").revision == 1);
  // The second connection is taken only when the first is closed: then the client's next look finds it stale.
  Client second = connect({server.endpoint()});
  CHECK(second.get("k").record->value == "1");
  CHECK(client.put("k", "2").revision == 2);
}

TEST_CASE("a refusal has its code, its leader and its class") {
  thrift_api::TenonError error = tenon_error(6, 2);
  error.__set_leader_node(2);
  const std::string leader = nobody().text();
  error.__set_leader_address(leader);
  TestServer server(always(Kind::kReply, error_reply("put", error)));
  Client client = connect({server.endpoint()});
  try {
    client.put("k", "v");
    FAIL("taken");
  } catch (const Refused& refused) {
    CHECK(refused.what() == server.endpoint().text() + " answered: because (not leader)");
    CHECK(refused.code == ErrorCode::kNotLeader);
    CHECK(refused.leader_node == 2u);
    CHECK(refused.leader_address == leader);
    CHECK_FALSE(refused.overloaded);
  }
}

TEST_CASE("an overloaded node is told apart") {
  TestServer server(always(Kind::kReply, error_reply("put", tenon_error(5, 4))));
  Client client = connect({server.endpoint()});
  try {
    client.put("k", "v");
    FAIL("taken");
  } catch (const Refused& refused) {
    CHECK(refused.overloaded);
    CHECK_FALSE(refused.leader_node.has_value());
  }
}

TEST_CASE("an outcome that is unknown, or not known to this client, is unknown for a write") {
  for (const int outcome : {0, 99}) {
    TestServer server(always(Kind::kReply, error_reply("put", tenon_error(9, outcome))));
    CHECK_THROWS_AS(connect({server.endpoint()}).put("k", "v"), UnknownOutcome);
    TestServer reading(always(Kind::kReply, error_reply("get", tenon_error(9, outcome))));
    CHECK_THROWS_AS(connect({reading.endpoint()}).get("k"), Refused);
  }
  TestServer forgetful(always(Kind::kReply, error_reply("put", tenon_error(4, 5))));
  CHECK_THROWS_AS(connect({forgetful.endpoint()}).put("k", "v"), ReplyForgotten);
}

TEST_CASE("a code that this client does not know is internal, and a sequence of another request is told apart") {
  for (const int code : {0, 16, 17, 99, -1}) {
    TestServer server(always(Kind::kReply, error_reply("get", tenon_error(code, 2))));
    try {
      connect({server.endpoint()}).get("k");
      FAIL("answered");
    } catch (const Refused& refused) {
      CHECK(refused.code == (code == 16 ? ErrorCode::kReused : ErrorCode::kInternal));
    }
  }
}

TEST_CASE("a request that the server does not know was not done, any other exception tells nothing") {
  using apache::thrift::TApplicationException;
  TestServer old(always(Kind::kReply, exception_reply(TApplicationException::UNKNOWN_METHOD)));
  CHECK_THROWS_AS(connect({old.endpoint()}).put("k", "v"), Refused);
  TestServer broken(always(Kind::kReply, exception_reply(TApplicationException::INTERNAL_ERROR)));
  CHECK_THROWS_AS(connect({broken.endpoint()}).put("k", "v"), UnknownOutcome);
}

TEST_CASE("endpoints are parsed and written") {
  const std::vector<Endpoint> endpoints = parse_endpoints("localhost:7101,[::1]:1,10.0.0.1:65535");
  CHECK(endpoints == std::vector<Endpoint>{{"localhost", 7101}, {"::1", 1}, {"10.0.0.1", 65535}});
  CHECK(endpoints[1].text() == "[::1]:1");
  std::string many = "h:1";
  for (std::size_t count = 1; count < kEndpointsMax; ++count) many += ",h:1";
  CHECK(parse_endpoints(many).size() == kEndpointsMax);
  CHECK_THROWS_AS(parse_endpoints(many + ",h:1"), std::invalid_argument);
  for (const char* const wrong : {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "host:-1", "::1:1",
                                  "a:1,", "a:1, b:2", "[::1:1", "a b:1"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_endpoints(wrong), std::invalid_argument);
  }
}

}  // namespace tenon::client
