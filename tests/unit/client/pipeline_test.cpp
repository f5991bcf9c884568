// SPDX-License-Identifier: MIT
#include "tenon_client/pipeline.hpp"

#include <Kv.h>
#include <poll.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <map>
#include <mutex>
#include <vector>

#include "support/catch.hpp"
#include "test_server.hpp"

namespace tenon::client {
namespace {

using apache::thrift::protocol::TBinaryProtocol;
using apache::thrift::transport::TMemoryBuffer;
using Kind = Answer::Kind;

constexpr std::chrono::milliseconds kTimeout(5000);

// What Thrift makes of a call.
template <class Arguments>
std::string thrift_call(const std::string& method, std::int32_t number, const Arguments& arguments) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  TBinaryProtocol protocol(buffer);
  protocol.writeMessageBegin(method, apache::thrift::protocol::T_CALL, number);
  arguments.write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

std::string error_reply(std::int32_t number, thrift_api::ErrorCode::type code, thrift_api::Outcome::type outcome) {
  const auto buffer = std::make_shared<TMemoryBuffer>();
  TBinaryProtocol protocol(buffer);
  protocol.writeMessageBegin("put", apache::thrift::protocol::T_REPLY, number);
  thrift_api::Kv_put_result result;
  result.error.code = code;
  result.error.outcome = outcome;
  result.__isset.error = true;
  result.write(&protocol);
  protocol.writeMessageEnd();
  return buffer->getBufferAsString();
}

class Requests {
 public:
  void add(std::string request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
};

// Until `count` answers have come, or the connection is lost.
std::map<std::uint32_t, PipelineAnswer> answers(Pipeline& pipeline, std::size_t count) {
  std::map<std::uint32_t, PipelineAnswer> found;
  while (found.size() < count) {
    pollfd wanted{pipeline.descriptor(), POLLIN, 0};
    REQUIRE(::poll(&wanted, 1, static_cast<int>(kTimeout.count())) == 1);
    pipeline.receive([&](const PipelineAnswer& answer) { REQUIRE(found.emplace(answer.number, answer).second); });
  }
  return found;
}

}  // namespace

TEST_CASE("a pipeline's requests are byte for byte those of Thrift") {
  Requests requests;
  const auto service = std::make_shared<MapService>();
  TestServer server([&](std::string request) {
    requests.add(request);
    return Answer{Kind::kReply, service->answer(std::move(request))};
  });
  Pipeline pipeline(server.endpoint(), kTimeout);
  const std::string binary("\0\xff", 2);
  pipeline.put(7, "key", binary);
  pipeline.get(0xfffffffe, binary);
  pipeline.put(8, "key", "", std::chrono::hours(10'000));
  REQUIRE(pipeline.flush());
  answers(pipeline, 3);
  thrift_api::Kv_put_args put;
  put.request.__set_key("key");
  put.request.__set_value(binary);
  thrift_api::Kv_put_args put_for_a_while;
  put_for_a_while.request.__set_key("key");
  put_for_a_while.request.__set_value("");
  put_for_a_while.request.__set_ttl_ms(std::int64_t{36'000'000'000});
  thrift_api::Kv_get_args get;
  get.request.__set_key(binary);
  const std::vector<std::string> expected = {thrift_call("allowReordering", 0, thrift_api::Kv_allowReordering_args()),
                                             thrift_call("put", 7, put), thrift_call("get", -2, get),
                                             thrift_call("put", 8, put_for_a_while)};
  CHECK(requests.all() == expected);
}

TEST_CASE("many requests travel at once, and each is answered by its number") {
  const auto service = std::make_shared<MapService>();
  TestServer server([=](std::string request) { return Answer{Kind::kReply, service->answer(std::move(request))}; });
  Pipeline pipeline(server.endpoint(), kTimeout);
  constexpr std::uint32_t kCount = 500;
  for (std::uint32_t number = 0; number < kCount; ++number) {
    pipeline.put(number, std::to_string(number), std::string(1000, 'v'));
  }
  while (!pipeline.flush()) {
    pollfd wanted{pipeline.descriptor(), POLLOUT, 0};
    REQUIRE(::poll(&wanted, 1, static_cast<int>(kTimeout.count())) == 1);
  }
  const auto found = answers(pipeline, kCount);
  CHECK(found.rbegin()->first == kCount - 1);
  for (const auto& [number, answer] : found) CHECK(answer.outcome == AnswerOutcome::kDone);
}

TEST_CASE("an answer that is an error says what may be concluded") {
  struct Case {
    thrift_api::ErrorCode::type code;
    thrift_api::Outcome::type outcome;
    AnswerOutcome expected;
    ErrorCode error;
  };
  using Code = thrift_api::ErrorCode;
  const Case one =
      GENERATE(Case{Code::NOT_LEADER, thrift_api::Outcome::REFUSED, AnswerOutcome::kRefused, ErrorCode::kNotLeader},
               Case{Code::BUSY, thrift_api::Outcome::OVERLOADED, AnswerOutcome::kOverloaded, ErrorCode::kBusy},
               Case{Code::TIMEOUT, thrift_api::Outcome::UNKNOWN, AnswerOutcome::kUnknown, ErrorCode::kTimeout},
               Case{Code::NO_SPACE, thrift_api::Outcome::REFUSED, AnswerOutcome::kRefused, ErrorCode::kNoSpace});
  const auto service = std::make_shared<MapService>();
  TestServer server([=](std::string request) {
    const bool is_put = request.find("put") != std::string::npos;
    return Answer{Kind::kReply, is_put ? error_reply(3, one.code, one.outcome) : service->answer(std::move(request))};
  });
  Pipeline pipeline(server.endpoint(), kTimeout);
  pipeline.put(3, "key", "value");
  REQUIRE(pipeline.flush());
  const PipelineAnswer answer = answers(pipeline, 1).at(3);
  CHECK(answer.outcome == one.expected);
  CHECK(answer.error == one.error);
}

TEST_CASE("bytes that are no answer, and the end of the connection, end a pipeline") {
  const auto [kind, bytes] = GENERATE(table<Kind, std::string>({
      {Kind::kReply, "short"},
      {Kind::kReply, std::string(40, 'x')},
      {Kind::kReply, std::string("\x80\x01\x00\x02\x7f\xff\xff\xff\x00\x00\x00\x00", 12)},
      {Kind::kRawBytes, std::string("\x7f\xff\xff\xff", 4)},
      {Kind::kClose, ""},
  }));
  const auto service = std::make_shared<MapService>();
  TestServer server([kind = kind, bytes = bytes, service](std::string request) {
    const bool is_put = request.find("put") != std::string::npos;
    return is_put ? Answer{kind, bytes} : Answer{Kind::kReply, service->answer(std::move(request))};
  });
  Pipeline pipeline(server.endpoint(), kTimeout);
  pipeline.put(3, "key", "value");
  REQUIRE(pipeline.flush());
  CHECK_THROWS_AS(answers(pipeline, 1), NoConnection);
}

}  // namespace tenon::client
