// SPDX-License-Identifier: MIT
#include "net/client/submissions.hpp"

#include <string>
#include <utility>

#include "support/catch.hpp"
#include "tenon/testing/client_host.hpp"

namespace tenon::net {

namespace {

using testing::ScriptedCompletion;
using testing::ScriptedRequest;

struct Ended {
  std::uint64_t id;
  std::uint32_t outcome;
  tenon_error error;
  std::string message;
};

// Submissions in front of a node that answers nothing by itself.
struct Client {
  explicit Client(std::uint64_t depth, std::uint64_t first_id = 1) : submissions(queue(depth), depth, first_id) {}

  Queue queue(std::uint64_t depth) const {
    const tenon_queue* made = nullptr;
    REQUIRE(node.table()->queue_create(node.table(), depth, &made, nullptr) == TENON_OK);
    return Queue(made);
  }
  tenon_request get(std::string_view key) {
    const std::span<tenon_operation> operations = submissions.batch().make<tenon_operation>(1);
    operations[0].kind = TENON_GET;
    operations[0].key = submissions.batch().keep(key);
    tenon_request request{};
    request.struct_size = sizeof request;
    request.operations = operations.data();
    request.operation_count = operations.size();
    return request;
  }
  // Adds a get whose end is written down.
  std::uint64_t add(std::string_view key) {
    return submissions.add(get(key), [this](Completion completion) {
      ended.push_back(
          {completion->request, completion->outcome, completion->error, std::string(view(completion->message))});
    });
  }

  testing::FakeClientHost node{[](const ScriptedRequest&) { return std::nullopt; }};
  Submissions submissions;
  std::vector<Ended> ended;
};

}  // namespace

TEST_CASE("requests that were added together are submitted together, with their bytes and in their order") {
  Client client(10);
  std::vector<std::uint64_t> ids;
  for (const std::string key : {"a", "b", "c"}) ids.push_back(client.add(key));
  CHECK(client.node.submits().empty());
  client.submissions.submit();
  CHECK(client.node.submits() == std::vector<std::size_t>{3});
  const std::vector<ScriptedRequest> requests = client.node.wait_for_requests(3);
  REQUIRE(requests.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(requests[i].id == ids[i]);
    CHECK(requests[i].operations.at(0).key == std::string(1, static_cast<char>('a' + i)));
  }
  client.submissions.submit();
  CHECK(client.node.submits().size() == 1);
}

TEST_CASE("a batch that has grown large goes at once") {
  Client client(100);
  const std::string key(300 * 1024, 'k');
  for (int i = 0; i < 3; ++i) client.add(key);
  CHECK(client.node.submits().empty());
  client.add(key);
  CHECK(client.node.submits() == std::vector<std::size_t>{4});
  CHECK(client.submissions.batch().bytes() == 0);
}

TEST_CASE("a completion ends the request that it is of, once") {
  Client client(10);
  const std::uint64_t first = client.add("a");
  const std::uint64_t second = client.add("b");
  client.submissions.submit();
  client.node.complete(second, {});
  client.submissions.poll();
  REQUIRE(client.ended.size() == 1);
  CHECK(client.ended[0].id == second);
  client.node.complete(first, ScriptedCompletion{.outcome = TENON_OUTCOME_UNKNOWN, .error = TENON_ERROR_TIMEOUT});
  client.submissions.poll();
  client.submissions.poll();
  REQUIRE(client.ended.size() == 2);
  CHECK(client.ended[1].id == first);
  CHECK(client.ended[1].outcome == TENON_OUTCOME_UNKNOWN);
  CHECK(client.ended[1].error == TENON_ERROR_TIMEOUT);
}

TEST_CASE("what the queue does not take ends as overloaded, and says how deep the queue is") {
  Client client(2);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(client.add("k"));
  client.submissions.submit();
  REQUIRE(client.ended.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(client.ended[i].id == ids[2 + i]);
    CHECK(client.ended[i].outcome == TENON_OUTCOME_OVERLOADED);
    CHECK(client.ended[i].error == TENON_ERROR_BUSY);
    CHECK(client.ended[i].message.find("2 (queue_depth)") != std::string::npos);
  }
  client.node.complete(ids[0], {});
  client.submissions.poll();
  client.add("again");
  client.submissions.submit();
  CHECK(client.node.wait_for_requests(3).size() == 3);
}

TEST_CASE("who is told that its request was refused may add the next one") {
  Client client(1);
  client.add("taken");
  std::uint64_t next = 0;
  client.submissions.add(client.get("refused"), [&](Completion completion) {
    CHECK(completion->outcome == TENON_OUTCOME_OVERLOADED);
    next = client.add("next");
  });
  client.submissions.submit();
  CHECK(next != 0);
  CHECK(client.submissions.batch().requests().size() == 1);
  CHECK(client.ended.empty());
  client.submissions.submit();
  REQUIRE(client.ended.size() == 1);
  CHECK(client.ended[0].id == next);
}

TEST_CASE("a stream calls its continuation until it ends, and a completion can be kept") {
  Client client(10);
  std::vector<Completion> kept;
  const std::uint64_t id =
      client.submissions.add(client.get("k"), [&](Completion completion) { kept.push_back(std::move(completion)); });
  client.submissions.submit();
  for (const std::int64_t number : {1, 2}) {
    client.node.complete(id, {.results = {{.number = number}}, .flags = TENON_COMPLETION_MORE});
    client.submissions.poll();
  }
  client.node.complete(id, {.outcome = TENON_OUTCOME_REFUSED, .error = TENON_ERROR_COMPACTED});
  client.submissions.poll();
  REQUIRE(kept.size() == 3);
  CHECK(results(*kept[0]).front().number == 1);
  CHECK(results(*kept[1]).front().number == 2);
  CHECK(kept[2]->error == TENON_ERROR_COMPACTED);
}

TEST_CASE("a request can be cancelled as soon as it was added, and what has ended cannot") {
  Client client(10);
  const std::uint64_t id = client.add("k");
  client.submissions.cancel(id);
  CHECK(client.node.submits() == std::vector<std::size_t>{1});
  CHECK(client.node.cancelled() == std::vector<std::uint64_t>{id});
  client.submissions.poll();
  REQUIRE(client.ended.size() == 1);
  CHECK(client.ended[0].error == TENON_ERROR_CANCELLED);
  client.submissions.cancel(id);
  client.submissions.cancel(id + 1);
  CHECK(client.node.cancelled().size() == 1);
}

TEST_CASE("bytes of a request that was never added do not stay") {
  Client client(10);
  client.submissions.batch().keep("of a request that turned out to be malformed");
  client.submissions.submit();
  CHECK(client.submissions.batch().bytes() == 0);
  CHECK(client.node.submits().empty());
}

TEST_CASE("requests of several queues do not share ids") {
  constexpr std::uint64_t kFar = std::uint64_t{1} << 62;
  Client client(10, kFar);
  CHECK(client.add("a") == kFar);
  CHECK(client.add("b") == kFar + 1);
}

}  // namespace tenon::net
