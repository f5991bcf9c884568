// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>

#include "host/client_host.hpp"
#include "support/catch.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

// A node that keeps what it is given until the test ends it.
class FakeNode final : public NodePort {
 public:
  std::vector<node::Token> submit(std::vector<node::Submission>& submissions) override {
    std::vector<node::Token> refused;
    for (node::Submission& submission : submissions) {
      if (is_full) {
        refused.push_back(submission.token);
      } else {
        taken.push_back(std::move(submission));
      }
    }
    submissions.clear();
    return refused;
  }
  void cancel(node::Token token) override { cancelled.push_back(token); }
  void loan_returned(const node::StreamLoan& loan) override { given_back.push_back(loan); }
  void end_queue(std::uint64_t queue) override { ended_queues.push_back(queue); }
  std::optional<AdminAnswer> admin(node::Token token, const std::string& verb, const std::string& argument) override {
    if (verb == "lead") return AdminAnswer{TENON_ERROR_NOT_LEADER, "ask node 2", raft::NodeId(2)};
    if (verb == "later") {
      asked.push_back(token);
      return std::nullopt;
    }
    if (verb != "echo") return AdminAnswer{TENON_ERROR_UNSUPPORTED, "there is no such verb"};
    return AdminAnswer{TENON_OK, "echo " + argument};
  }
  // Ends the oldest.
  void finish_one(ClientHost& host, kv::Reply reply = {}) {
    REQUIRE_FALSE(taken.empty());
    std::vector<CompletionPointer> completions;
    const node::Token token = taken.front().token;
    completions.push_back(make_completion({token, node::Outcome::done, TENON_OK, {}, {}, std::move(reply)}, {}));
    taken.erase(taken.begin());
    host.complete(token.queue, completions);
    CHECK(completions.empty());
  }

  // An answer of the stream that the oldest has become.
  void lend(ClientHost& host, std::uint64_t records) {
    REQUIRE_FALSE(taken.empty());
    const node::Token token = taken.front().token;
    node::Answer answer{token, node::Outcome::done, TENON_OK, {}, {}, {}, node::StreamLoan{7, records, 10 * records}};
    answer.reply.results.resize(1);
    std::vector<CompletionPointer> completions;
    completions.push_back(make_completion(std::move(answer), {}, {}, this));
    host.complete(token.queue, completions);
  }

  bool is_full = false;
  std::vector<node::Submission> taken;
  std::vector<node::Token> cancelled;
  std::vector<node::StreamLoan> given_back;
  std::vector<std::uint64_t> ended_queues;
  std::vector<node::Token> asked;
};

struct Fixture {
  FakeNode node;
  PeerDirectory directory{raft::NodeId(1)};
  Metrics metrics;
  ClientHost host{RequestLimits(), node, directory, metrics};
};

const tenon_operation kGet = get("k");
const std::span<const tenon_operation> kGets(&kGet, 1);

TEST_CASE("a queue takes as many requests as its depth, and credit comes back by polling") {
  Fixture f;
  TestQueue queue(f.host, 3);
  std::vector<tenon_request> requests;
  for (std::uint64_t id = 101; id <= 105; ++id) requests.push_back(request(id, kGets));
  CHECK(queue.table()->submit(queue.table(), requests.data(), requests.size()) == 3);
  CHECK(f.node.taken.size() == 3);
  CHECK(f.node.taken[2].token.request == 103);
  CHECK(queue.table()->submit(queue.table(), requests.data() + 3, 2) == 0);
  f.node.finish_one(f.host);
  CHECK(queue.table()->submit(queue.table(), requests.data() + 3, 2) == 0);  // ended is not yet polled
  CHECK(queue.poll() == 1);
  CHECK(queue.table()->submit(queue.table(), requests.data() + 3, 2) == 1);
  CHECK(f.node.taken.back().token.request == 104);
  queue.destroy();
}

TEST_CASE("event_fd is readable while completions wait, and quiet when poll() has left none") {
  Fixture f;
  TestQueue queue(f.host, 10);
  CHECK_FALSE(queue.is_readable());
  for (int i = 0; i < 3; ++i) queue.submit(kGets);
  CHECK_FALSE(queue.is_readable());
  f.node.finish_one(f.host);
  CHECK(queue.is_readable());
  f.node.finish_one(f.host);
  const tenon_completion* one = nullptr;
  CHECK(queue.table()->poll(queue.table(), &one, 1) == 1);
  CHECK(one->request == 1);
  give_back(one->loan);
  CHECK(queue.is_readable());
  CHECK(queue.poll() == 1);
  CHECK_FALSE(queue.is_readable());
  CHECK(queue.poll() == 0);
  f.node.finish_one(f.host);
  CHECK(queue.is_readable());
  queue.destroy();
}

TEST_CASE("requests of a larger struct are walked by their own size") {
  Fixture f;
  TestQueue queue(f.host, 10);
  struct NewerRequest {
    tenon_request known;
    std::uint64_t added[2];
  };
  NewerRequest requests[] = {{request(7, kGets), {~0u, ~0u}}, {request(8, kGets), {~0u, ~0u}}};
  for (NewerRequest& newer : requests) newer.known.struct_size = sizeof newer;
  CHECK(queue.table()->submit(queue.table(), &requests[0].known, 2) == 2);
  REQUIRE(f.node.taken.size() == 2);
  CHECK(f.node.taken[1].token.request == 8);
  queue.destroy();
}

TEST_CASE("what cannot be accepted ends as refused, and what finds no room as overloaded") {
  Fixture f;
  TestQueue queue(f.host, 10);
  const tenon_operation no_key = get("");
  queue.submit({&no_key, 1});
  CHECK(queue.is_readable());
  queue.poll();
  CHECK(queue.ended.at(1).outcome == TENON_OUTCOME_REFUSED);
  CHECK(queue.ended.at(1).error == TENON_ERROR_INVALID);
  CHECK(queue.ended.at(1).message.find("1 to 65536") != std::string::npos);
  f.node.is_full = true;
  queue.submit(kGets);
  queue.poll();
  CHECK(queue.ended.at(2).outcome == TENON_OUTCOME_OVERLOADED);
  CHECK(queue.ended.at(2).error == TENON_ERROR_BUSY);
  CHECK(f.node.taken.empty());
  queue.destroy();
}

TEST_CASE("an admin verb is answered at once, and one that is unknown is refused") {
  Fixture f;
  TestQueue queue(f.host, 10);
  const tenon_operation known = admin("echo", "this");
  const tenon_operation unknown = admin("fly");
  const Ended answered = queue.run({&known, 1});
  CHECK(answered.outcome == TENON_OUTCOME_DONE);
  CHECK(answered.values == std::vector<std::string>{"echo this"});
  const Ended refused = queue.run({&unknown, 1});
  CHECK(refused.outcome == TENON_OUTCOME_REFUSED);
  CHECK(refused.error == TENON_ERROR_UNSUPPORTED);
  CHECK(refused.message == "there is no such verb");
  queue.destroy();
}

TEST_CASE("an admin verb that is answered later holds its credit until then") {
  Fixture f;
  TestQueue queue(f.host, 1);
  const tenon_operation later = admin("later");
  queue.submit({&later, 1});
  CHECK_FALSE(queue.submit(request(0, {&later, 1})).has_value());
  queue.poll();
  CHECK(queue.ended.empty());
  REQUIRE(f.node.asked.size() == 1);
  std::vector<CompletionPointer> completions;
  completions.push_back(make_admin_completion(f.node.asked.front(), "later", "done now"));
  f.host.complete(f.node.asked.front().queue, completions);
  queue.poll();
  REQUIRE(queue.ended.size() == 1);
  CHECK(queue.ended.begin()->second.values == std::vector<std::string>{"done now"});
  queue.submit({&later, 1});
  queue.destroy();
}

TEST_CASE("a refusal names the leader's address for the client API that asks, and not for another") {
  Fixture f;
  f.directory.set_addresses(raft::NodeId(2), {"thrift://two:7201"});
  CHECK(f.directory.introduce(raft::NodeId(2), {}, {"http://two:8080", "thrift://two:7101"}));
  const tenon_operation lead = admin("lead");
  for (const auto& [client_api, address] :
       {std::pair<const char*, const char*>{"thrift", "two:7101"}, {"http", "two:8080"}, {"resp", ""}}) {
    TestQueue queue(f.host, 10, client_api);
    const Ended refused = queue.run({&lead, 1});
    CHECK(refused.outcome == TENON_OUTCOME_REFUSED);
    CHECK(refused.error == TENON_ERROR_NOT_LEADER);
    CHECK(refused.leader == 2);
    CHECK(refused.leader_address == address);
    queue.submit(kGets);
    CHECK(f.host.leader_address(f.node.taken.back().token.queue, raft::NodeId(2)) == address);
    CHECK(f.host.leader_address(f.node.taken.back().token.queue, raft::NodeId(3)).empty());
    queue.destroy();
  }
  CHECK(f.host.leader_address(99, raft::NodeId(2)).empty());
}

TEST_CASE("a client API has one table, also when it asks again") {
  Fixture f;
  CHECK(f.host.table("thrift") == f.host.table("thrift"));
  CHECK(f.host.table("thrift") != f.host.table("http"));
}

TEST_CASE("while too many bytes of answers wait nothing more is begun, and what was begun is answered") {
  Fixture f;
  TestQueue slow(f.host, 1'000);
  TestQueue other(f.host, 10);
  constexpr std::uint64_t value_bytes = (4u << 20) - 1'024;
  constexpr std::uint64_t enough = kUnpolledBytesMax / value_bytes + 1;
  for (std::uint64_t i = 0; i < enough + 1; ++i) slow.submit(kGets);
  const auto finish_large = [&] {
    kv::Reply reply;
    reply.results.emplace_back().records.push_back({TENON_RECORD_CURRENT, "k", std::string(value_bytes, 'v'), 1, 1, 1});
    f.node.finish_one(f.host, std::move(reply));
  };
  for (std::uint64_t i = 0; i + 1 < enough; ++i) finish_large();
  const std::size_t begun = f.node.taken.size();
  slow.submit(kGets);
  CHECK(f.node.taken.size() == begun + 1);  // not above the bound yet
  finish_large();
  slow.submit(kGets);
  CHECK(f.node.taken.size() == begun);
  other.submit(kGets);
  CHECK(f.node.taken.size() == begun + 1);  // the bound is of each queue
  slow.poll();
  CHECK(slow.ended.size() == enough + 1);
  CHECK(slow.ended.at(enough + 3).outcome == TENON_OUTCOME_OVERLOADED);
  CHECK(slow.ended.at(enough + 3).error == TENON_ERROR_BUSY);
  slow.submit(kGets);
  CHECK(f.node.taken.size() == begun + 2);
  slow.destroy();
  other.destroy();
}

TEST_CASE("cancel names the queue's own request") {
  Fixture f;
  TestQueue first(f.host, 10);
  TestQueue second(f.host, 10);
  second.table()->cancel(second.table(), 5);
  REQUIRE(f.node.cancelled.size() == 1);
  second.submit(kGets);
  CHECK(f.node.cancelled[0].queue == f.node.taken[0].token.queue);
  CHECK(f.node.cancelled[0].request == 5);
  first.destroy();
  second.destroy();
}

TEST_CASE("answers to a queue that was destroyed are dropped, and those in hand stay") {
  Fixture f;
  TestQueue queue(f.host, 10);
  for (int i = 0; i < 3; ++i) queue.submit(kGets);
  f.node.finish_one(f.host);
  f.node.finish_one(f.host);
  const tenon_completion* in_hand = nullptr;
  REQUIRE(queue.table()->poll(queue.table(), &in_hand, 1) == 1);
  queue.destroy();
  f.node.finish_one(f.host);
  CHECK(in_hand->request == 1);
  give_back(in_hand->loan);
}

TEST_CASE("queues have bounds in depth and in number, and a refusal says them") {
  Fixture f;
  const tenon_client_host* const table = f.host.table("thrift");
  const tenon_queue* queue = nullptr;
  tenon_detail why{sizeof why, {}};
  CHECK(table->queue_create(table, 0, &queue, &why) == TENON_ERROR_INVALID);
  CHECK(table->queue_create(table, kQueueDepthMax + 1, &queue, &why) == TENON_ERROR_TOO_LARGE);
  CHECK(std::string(why.message).find(std::to_string(kQueueDepthMax)) != std::string::npos);
  CHECK(queue == nullptr);
  std::vector<TestQueue> queues;
  for (std::size_t i = 0; i < kQueuesMax; ++i) queues.emplace_back(f.host, kQueueDepthMax);
  CHECK(table->queue_create(table, 1, &queue, &why) == TENON_ERROR_NO_SPACE);
  queues.back().destroy();
  queues.pop_back();
  queues.emplace_back(f.host, 1);
  for (TestQueue& made : queues) made.destroy();
}

TEST_CASE("what passed a bound as it was executed says the bound and its value") {
  Fixture f;
  kv::Reply reply;
  reply.results.resize(2);
  CHECK(f.host.bound_text(reply).empty());
  reply.results[1].error = TENON_ERROR_WRONG_TYPE;
  CHECK(f.host.bound_text(reply).empty());
  reply.results[1].error = TENON_ERROR_TOO_LARGE;
  CHECK(f.host.bound_text(reply).find("limits.value_bytes_max (1048576)") != std::string::npos);
  reply.results[1].error = TENON_ERROR_BUSY;
  CHECK(f.host.bound_text(reply).find("(10000)") != std::string::npos);
}

TEST_CASE("completions from many threads all arrive, once, while queues come and go") {
  constexpr std::uint64_t count = 2'000;
  Fixture f;
  TestQueue queue(f.host, count);
  for (std::uint64_t i = 0; i < count; ++i) queue.submit(kGets);
  std::vector<std::thread> completers;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    completers.emplace_back([&, thread] {
      for (std::uint64_t i = thread; i < count; i += 4) {
        std::vector<CompletionPointer> one;
        one.push_back(make_completion({f.node.taken[i].token, node::Outcome::done, TENON_OK, {}, {}, {}}, {}));
        f.host.complete(f.node.taken[i].token.queue, one);
      }
    });
  }
  std::thread churn([&] {
    for (int i = 0; i < 100; ++i) {
      const tenon_queue* made = nullptr;
      const tenon_client_host* const table = f.host.table("thrift");
      if (table->queue_create(table, 1, &made, nullptr) == TENON_OK) made->destroy(made);
    }
  });
  queue.wait_for(count);
  for (std::thread& completer : completers) completer.join();
  churn.join();
  CHECK(queue.ended.size() == count);
  CHECK_FALSE(queue.is_readable());
  queue.destroy();
}

const tenon_operation kWatch = operation(TENON_WATCH, "k");

TEST_CASE("a stream brings any number of completions, and is one unfinished request until its final one is polled") {
  Fixture f;
  TestQueue queue(f.host, 1);
  queue.submit(only(kWatch));
  REQUIRE(f.node.taken.size() == 1);
  CHECK(f.node.taken[0].watch != nullptr);
  for (int i = 0; i < 5; ++i) f.node.lend(f.host, 3);
  CHECK(queue.poll() == 5);
  CHECK(queue.streams[1].size() == 5);
  CHECK(queue.streams[1][0].outcome == TENON_OUTCOME_DONE);
  CHECK(queue.streams[1][0].flags == TENON_COMPLETION_MORE);
  CHECK_FALSE(queue.submit(request(0, kGets)).has_value());
  f.node.lend(f.host, 3);
  f.node.finish_one(f.host);
  CHECK_FALSE(queue.submit(request(0, kGets)).has_value());
  CHECK(queue.poll() == 2);
  CHECK(queue.ended.contains(1));
  CHECK(queue.submit(request(0, kGets)).has_value());
  queue.destroy();
}

TEST_CASE("what a completion of a stream has on loan comes back to the node with its release, and not before") {
  Fixture f;
  TestQueue queue(f.host, 1);
  queue.submit(only(kWatch));
  f.node.lend(f.host, 3);
  const tenon_completion* one = nullptr;
  REQUIRE(queue.table()->poll(queue.table(), &one, 1) == 1);
  CHECK(f.node.given_back.empty());
  give_back(one->loan);
  REQUIRE(f.node.given_back.size() == 1);
  CHECK(f.node.given_back[0].stream == 7);
  CHECK(f.node.given_back[0].records == 3);
  CHECK(f.node.given_back[0].bytes == 30);
  f.node.lend(f.host, 4);
  CHECK(f.node.ended_queues.empty());
  queue.destroy();  // what was not polled is given back too
  CHECK(f.node.given_back.size() == 2);
  CHECK(f.node.ended_queues.size() == 1);
}

}  // namespace
}  // namespace tenon::host
