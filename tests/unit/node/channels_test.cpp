// SPDX-License-Identifier: MIT
#include "node/channels.hpp"

#include <string>

#include "cluster.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

std::uint64_t subscribe(Machine& machine, std::string first = {}, std::string end = {},
                        std::uint64_t records_max = 100) {
  Submission submission;
  submission.token = {1, ++machine.last_request};
  submission.subscription =
      std::make_unique<const SubscribeRequest>(SubscribeRequest{std::move(first), std::move(end), records_max});
  machine.node->submit(std::move(submission));
  return machine.last_request;
}

// How many subscriptions of the machine it was for.
std::int64_t publish(Machine& machine, std::string channel, std::string value) {
  Submission submission;
  submission.token = {1, ++machine.last_request};
  submission.publication = std::make_unique<const PublishRequest>(PublishRequest{std::move(channel), std::move(value)});
  machine.node->submit(std::move(submission));
  const Answer& answer = machine.recorder.answers.at(machine.last_request);
  REQUIRE(answer.outcome == Outcome::done);
  return answer.reply.results.at(0).number;
}

// "a=1 b=2!", the messages that have come to a subscription; ! after an answer that says that some were missed.
std::string taken(Machine& machine, std::uint64_t subscription) {
  std::string text;
  for (const Answer& answer : machine.recorder.streams[subscription]) {
    for (const kv::Record& record : answer.reply.results.at(0).records) {
      text += (text.empty() ? "" : " ") + record.key + "=" + record.value;
    }
    if (answer.has_missed) text += "!";
  }
  return text;
}

void give_back(Machine& machine, std::uint64_t subscription) {
  for (const Answer& answer : machine.recorder.streams[subscription]) machine.node->give_back(*answer.loan);
  machine.recorder.streams.erase(subscription);
}

}  // namespace

TEST_CASE("a message reaches subscriptions of its channel on every node, in order and once") {
  Cluster cluster;
  cluster.elect();
  Machine& here = cluster.follower();
  Machine& there = *cluster.leader();
  const std::uint64_t all = subscribe(there);
  const std::uint64_t some = subscribe(here, "b", "c");
  CHECK(publish(here, "a", "1") == 0);
  CHECK(publish(here, "b", "2") == 1);
  CHECK(publish(here, "b", "3") == 1);
  cluster.round();
  cluster.round();
  CHECK(taken(there, all) == "a=1 b=2 b=3");
  CHECK(taken(here, some) == "b=2 b=3");
  CHECK(there.node->status().channels.received == 3);
  CHECK(here.node->status().channels.published == 3);
}

TEST_CASE("a message that the network loses is not sent again") {
  Cluster cluster;
  cluster.elect();
  Machine& there = *cluster.leader();
  const std::uint64_t all = subscribe(there);
  cluster.drops = [](const wire::Body& body) { return std::holds_alternative<wire::Publication>(body); };
  publish(cluster.follower(), "a", "lost");
  cluster.round();
  cluster.drops = nullptr;
  cluster.pass(milliseconds(500));
  CHECK(taken(there, all).empty());
}

TEST_CASE("a subscription that has as much on loan as it may misses messages, and hears so") {
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}}});
  machine.settle();
  const std::uint64_t two = subscribe(machine, {}, {}, 2);
  for (const char* value : {"1", "2", "3"}) publish(machine, "a", value);
  machine.settle();
  CHECK(taken(machine, two) == "a=1 a=2!");
  CHECK(machine.node->status().channels.missed == 1);
  give_back(machine, two);
  publish(machine, "a", "4");
  machine.settle();
  CHECK(taken(machine, two) == "a=4");
}

TEST_CASE("a subscription ends when it is cancelled, or silently with its queue") {
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}}});
  machine.settle();
  const std::uint64_t first = subscribe(machine);
  const std::uint64_t second = subscribe(machine);
  machine.node->cancel({1, first});
  CHECK(machine.recorder.answers.at(first).error == TENON_ERROR_CANCELLED);
  CHECK(publish(machine, "a", "1") == 1);
  machine.node->end_queue(1);
  CHECK(publish(machine, "a", "2") == 0);
  CHECK_FALSE(machine.answered(second));
}

TEST_CASE("what is published faster than peers may be sent stays on its node, and is counted") {
  Cluster cluster;
  cluster.elect();
  Machine& here = cluster.follower();
  const std::uint64_t own = subscribe(here);
  const std::string large(64 << 10, 'x');
  for (int i = 0; i < 40; ++i) publish(here, "a", large);
  cluster.round();
  // A peer is sent 1 MiB in a round at most.
  CHECK(here.node->status().channels.unsent > 0);
  CHECK(cluster.leader()->node->status().channels.received < 40);
  CHECK(cluster.leader()->node->status().channels.received > 0);
  std::size_t held = 0;
  for (const Answer& answer : here.recorder.streams[own]) held += answer.reply.results.at(0).records.size();
  CHECK(held == 40);
}

TEST_CASE("only so many subscriptions are open at a time") {
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}}});
  machine.settle();
  for (std::size_t i = 0; i < kSubscriptionsMax; ++i) subscribe(machine);
  const std::uint64_t refused = subscribe(machine);
  CHECK(machine.recorder.answers.at(refused).outcome == Outcome::overloaded);
}

}  // namespace tenon::node
