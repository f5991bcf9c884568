// SPDX-License-Identifier: MIT
// The bounds of the plugin, and what becomes of a client that reaches them.
#include <sys/resource.h>

#include "plugin_fixture.hpp"
#include "raw_client.hpp"
#include "support/catch.hpp"

using namespace tenon::api_thrift;

namespace {

std::optional<ScriptedCompletion> large_value(const ScriptedRequest&) {
  ScriptedCompletion completion;
  completion.results.push_back({.records = {{.key = "k", .value = std::string(65536, 'v')}}});
  return completion;
}

bool answers(RunningPlugin& plugin) {
  RawClient client(plugin.port());
  client.send(frame(get_message("k", 1)));
  const std::optional<Answer> answer = client.receive_answer();
  return answer && answer->type == kReply;
}

std::string repeated(const std::string& part, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += part;
  return all;
}

// While it lives this process can open nothing; what is open stays open.
class NoFreeDescriptor {
 public:
  NoFreeDescriptor() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  NoFreeDescriptor(const NoFreeDescriptor&) = delete;
  NoFreeDescriptor& operator=(const NoFreeDescriptor&) = delete;
  ~NoFreeDescriptor() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a request that comes byte by byte is answered") {
  RunningPlugin plugin(at_once);
  RawClient client(plugin.port());
  const std::string bytes = frame(put_message("key", "value", 1)) + frame(get_message("key", 2));
  for (const char byte : bytes) REQUIRE(client.send({&byte, 1}));
  CHECK(client.receive_answer().value().sequence == 1);
  CHECK(client.receive_answer().value().sequence == 2);
}

TEST_CASE("a client that has shut its sending side down still gets its answers") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  REQUIRE(client.send(frame(put_message("k", "v", 1)) + frame(get_message("k", 2))));
  client.shutdown_output();
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(2);
  REQUIRE(requests.size() == 2);
  for (const ScriptedRequest& request : requests) plugin.node().complete(request.id, *at_once(request));
  CHECK(client.receive_answer().value().sequence == 1);
  CHECK(client.receive_answer().value().sequence == 2);
  CHECK(client.ended());
  CHECK(plugin.wait_for_metric("connections_closed_total", 1));
}

TEST_CASE("completions for a client that has gone are taken and dropped") {
  RunningPlugin plugin(later);
  {
    RawClient client(plugin.port());
    REQUIRE(client.send(frame(put_message("k", "v", 1))));
    REQUIRE(plugin.node().wait_for_requests(1).size() == 1);
  }
  const std::uint64_t id = plugin.node().wait_for_requests(1).at(0).id;
  plugin.node().complete(id, ScriptedCompletion{.results = {{}}});
  RawClient other(plugin.port());
  REQUIRE(other.send(frame(get_message("k", 9))));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(2);
  plugin.node().complete(requests.at(1).id, ScriptedCompletion{.results = {{}}});
  CHECK(other.receive_answer().value().sequence == 9);
}

TEST_CASE("a client that does not read its replies is closed, and the others are served") {
  RunningPlugin plugin(large_value, {{"output_bytes_max", "1MiB"}, {"pipelined_requests_max", "16"}});
  RawClient slow(plugin.port(), 4096);
  const std::string requests = repeated(frame(get_message("k", 1)), 64);
  CHECK(eventually([&] {
    slow.send_some(requests);
    return plugin.host().logged("the peer does not read");
  }));
  CHECK(answers(plugin));
}

TEST_CASE("replies that wait for an earlier one are bounded too") {
  RunningPlugin plugin(
      [first = true](const ScriptedRequest& request) mutable {
        return std::exchange(first, false) ? std::nullopt : large_value(request);
      },
      {{"output_bytes_max", "256KiB"}});
  RawClient client(plugin.port());
  REQUIRE(client.send(repeated(frame(get_message("k", 1)), 10)));
  CHECK(client.ended());
  CHECK(plugin.wait_for_line("too much waits for the reply to an earlier request"));
}

TEST_CASE("what all clients have unfinished is bounded together") {
  RunningPlugin plugin(at_once,
                       {{"frame_bytes_max", "512KiB"}, {"buffer_bytes_max", "1MiB"}, {"output_bytes_max", "64KiB"}});
  const std::string half = big_endian(512 * 1024) + std::string(512000, 'x');
  RawClient first(plugin.port());
  RawClient second(plugin.port());
  RawClient third(plugin.port());
  REQUIRE(first.send(half));
  REQUIRE(second.send(half));
  third.send(half);
  CHECK(plugin.wait_for_line("too much input is buffered"));
  CHECK(answers(plugin));
}

TEST_CASE("no more than the pipelined requests of a connection are taken at a time, and then the next") {
  RunningPlugin plugin(later, {{"pipelined_requests_max", "8"}});
  RawClient client(plugin.port());
  REQUIRE(client.send(repeated(frame(get_message("k", 1)), 20)));
  // When another client's request has come, everything that could be read before it has been.
  RawClient other(plugin.port());
  REQUIRE(plugin.node().wait_for_requests(8).size() == 8);
  REQUIRE(other.send(frame(get_message("other", 1))));
  REQUIRE(plugin.node().wait_for_requests(9).at(8).operations.at(0).key == "other");
  std::size_t answered = 0;
  while (answered < 21) {
    const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(answered + 1);
    REQUIRE(requests.size() > answered);
    for (; answered < requests.size(); ++answered) {
      plugin.node().complete(requests[answered].id, ScriptedCompletion{.results = {{}}});
    }
  }
  for (std::size_t i = 0; i < 20; ++i) REQUIRE(client.receive_answer());
}

TEST_CASE("requests beyond the depth of the queue are refused as overloaded") {
  RunningPlugin plugin(later, {{"queue_depth", "3"}});
  RawClient client(plugin.port());
  REQUIRE(client.send(repeated(frame(get_message("k", 1)), 5)));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(3);
  REQUIRE(requests.size() == 3);
  for (const ScriptedRequest& request : requests) plugin.node().complete(request.id, *at_once(request));
  for (std::size_t i = 0; i < 5; ++i) {
    const std::optional<Answer> answer = client.receive_answer();
    REQUIRE(answer);
    // ErrorCode BUSY and Outcome OVERLOADED, as fields 1 and 2 of the exception.
    constexpr char kI32 = 8;
    const std::string overloaded = field(kI32, 1) + big_endian(5) + field(kI32, 2) + big_endian(4);
    CHECK((answer->body.find(overloaded) != std::string::npos) == (i >= 3));
    CHECK((answer->body.find("queue_depth") != std::string::npos) == (i >= 3));
  }
  REQUIRE(client.send(frame(get_message("k", 6))));
  CHECK(plugin.node().wait_for_requests(4).size() == 4);
}

TEST_CASE("connections beyond a bound are closed at once and counted") {
  const std::string option = GENERATE(std::string("connections_max"), std::string("connections_per_address_max"));
  RunningPlugin plugin(at_once, {{option, "2"}});
  auto first = std::make_unique<RawClient>(plugin.port());
  RawClient second(plugin.port());
  REQUIRE(first->send(frame(get_message("k", 1))));
  REQUIRE(first->receive_answer());
  REQUIRE(second.send(frame(get_message("k", 1))));
  REQUIRE(second.receive_answer());
  RawClient third(plugin.port());
  CHECK(third.ended());
  CHECK(plugin.wait_for_metric("connections_refused_total", 1));
  CHECK(plugin.host().logged("there are as many as there may be"));
  first = nullptr;
  REQUIRE(plugin.wait_for_metric("connections_closed_total", 1));
  CHECK(answers(plugin));
}

TEST_CASE("a process without a free descriptor takes connections again when it has one") {
  RunningPlugin plugin(at_once);
  RawClient client;
  {
    const NoFreeDescriptor tight;
    client.connect(plugin.port());
    CHECK(plugin.wait_for_line("cannot take connections for a moment: Too many open files"));
  }
  REQUIRE(client.send(frame(get_message("k", 1))));
  CHECK(client.receive_answer());
}

TEST_CASE("a connection without traffic is closed after the idle timeout, one that waits for an answer is not") {
  RunningPlugin plugin(later, {{"idle_timeout", "50ms"}});
  RawClient waiting(plugin.port());
  REQUIRE(waiting.send(frame(get_message("k", 1))));
  const std::vector<ScriptedRequest> requests = plugin.node().wait_for_requests(1);
  RawClient idle(plugin.port());
  RawClient halfway(plugin.port());
  REQUIRE(halfway.send(frame(get_message("k", 1)).substr(0, 10)));
  CHECK(idle.ended());
  CHECK(halfway.ended());
  plugin.node().complete(requests.at(0).id, ScriptedCompletion{.results = {{}}});
  CHECK(waiting.receive_answer());
  CHECK(waiting.ended());
}
