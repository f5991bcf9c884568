// SPDX-License-Identifier: MIT
#include <Kv.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <thread>

#include "support/catch.hpp"
#include "tenon_client/client.hpp"
#include "test_server.hpp"

namespace tenon::client {
namespace {

// Of a node that knows of no leader.
std::string timeout_reply() {
  const auto buffer = std::make_shared<apache::thrift::transport::TMemoryBuffer>();
  apache::thrift::protocol::TBinaryProtocol protocol(buffer);
  protocol.writeMessageBegin("watch", apache::thrift::protocol::T_REPLY, 0);
  thrift_api::Kv_watch_result result;
  result.error.__set_code(thrift_api::ErrorCode::TIMEOUT);
  result.error.__set_outcome(thrift_api::Outcome::REFUSED);
  result.__isset.error = true;
  result.write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

TestServer::Behaviour map_service() {
  const auto service = std::make_shared<MapService>();
  return [service](std::string request) { return Answer{Answer::Kind::kReply, service->answer(std::move(request))}; };
}

}  // namespace

TEST_CASE("a watch tells where to go on, and leaves a node that cannot serve it") {
  TestServer server(map_service());
  TestServer cut_off([](const std::string&) { return Answer{Answer::Kind::kReply, timeout_reply()}; });
  {
    Client writer(Options{.endpoints = {server.endpoint()}});
    for (const char* const key : {"a1", "b", "a2", "a3"}) writer.put(key, "v");
  }
  Client client(Options{.endpoints = {cut_off.endpoint(), server.endpoint()}});
  WatchRequest wanted;
  wanted.range.prefix = "a";
  wanted.from_revision = 3;
  CHECK_THROWS_AS(client.watch(wanted), Refused);
  const WatchResult first = client.watch(wanted);
  REQUIRE(first.changes.size() == 2);
  CHECK((first.changes[0].kind == Change::Kind::kPut && first.changes[0].record.key == "a2"));
  CHECK(first.next_revision == 5);
  wanted.from_revision = 1;
  try {
    client.watch(wanted);
    FAIL("taken");
  } catch (const Refused& refused) {
    CHECK(refused.code == ErrorCode::kCompacted);
    CHECK(refused.oldest_revision == 2u);
  }
}

TEST_CASE("a node has the time of the wait beside that of every request") {
  const auto service = std::make_shared<MapService>();
  TestServer slow([service](std::string request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return Answer{Answer::Kind::kReply, service->answer(std::move(request))};
  });
  Client client(Options{.endpoints = {slow.endpoint()}, .request_timeout = std::chrono::milliseconds(100)});
  WatchRequest wanted;
  wanted.from_revision = 5;
  CHECK_THROWS_AS(client.watch(wanted), NoConnection);
  wanted.wait = std::chrono::seconds(60);
  CHECK(client.watch(wanted).next_revision == 5);
}

}  // namespace tenon::client
