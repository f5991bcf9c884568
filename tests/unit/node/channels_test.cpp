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

std::uint64_t begin_publishing(Machine& machine, std::string channel, std::string value) {
  Submission submission;
  submission.token = {1, ++machine.last_request};
  submission.publication = std::make_unique<const PublishRequest>(PublishRequest{std::move(channel), std::move(value)});
  machine.node->submit(std::move(submission));
  return machine.last_request;
}

// How many subscriptions of the machine it was for.
std::int64_t publish(Machine& machine, std::string channel, std::string value) {
  const std::uint64_t request = begin_publishing(machine, std::move(channel), std::move(value));
  machine.run();
  const Answer& answer = machine.recorder.answers.at(request);
  REQUIRE(answer.outcome == Outcome::done);
  return answer.reply.results.at(0).number;
}

// "a=1 b=2!", the messages that have come to a subscription; ! after an answer that says that some were missed.
std::string taken(Machine& machine, std::uint64_t subscription) {
  std::string text;
  for (const Answer& answer : machine.recorder.streams[subscription]) {
    for (const auto& message : answer.messages) {
      text += (text.empty() ? "" : " ") + message->key + "=" + message->value;
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
  for (const char* value : {"1", "2", "3"}) begin_publishing(machine, "a", value);
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
  for (const Answer& answer : here.recorder.streams[own]) held += answer.messages.size();
  CHECK(held == 40);
}

TEST_CASE("messages to peers do not take up the lane of heartbeats") {
  Cluster cluster;
  cluster.elect();
  Machine& here = cluster.follower();
  here.peers.sent.clear();
  publish(here, "a", "1");
  std::size_t sent = 0;
  for (const ManualPeers::Sent& one : here.peers.sent) {
    const auto frame = std::get<wire::DecodedFrame>(wire::decode_frame(one.frame));
    if (!std::holds_alternative<wire::Publication>(frame.body)) continue;
    CHECK(one.lane == Lane::bulk);
    ++sent;
  }
  CHECK(sent == 2);
}

// One node, with as many subscriptions as there may be.
struct Crowd {
  Crowd() : machine(NodeId(1), raft::Membership{{{NodeId(1)}}}) {
    machine.settle();
    for (std::size_t i = 0; i < kSubscriptionsMax; ++i) all.push_back(subscribe(machine));
  }
  Machine machine;
  std::vector<std::uint64_t> all;
};

TEST_CASE("a message is kept once, for however many subscriptions it is") {
  Crowd crowd;
  CHECK(publish(crowd.machine, "a", "1") == static_cast<std::int64_t>(kSubscriptionsMax));
  auto& streams = crowd.machine.recorder.streams;
  const auto& first = streams.at(crowd.all.front()).at(0).messages.at(0);
  CHECK(streams.at(crowd.all.back()).at(0).messages.at(0) == first);
}

TEST_CASE("one round looks at a bounded number of subscriptions, and the next goes on in order") {
  Crowd crowd;
  const std::size_t in_a_round = kGivenOutMax / kSubscriptionsMax;
  std::vector<std::uint64_t> published;
  for (std::size_t i = 0; i < 2 * in_a_round; ++i) {
    published.push_back(begin_publishing(crowd.machine, "a", std::to_string(i)));
  }
  crowd.machine.run();
  CHECK(crowd.machine.answered(published.front()));
  CHECK_FALSE(crowd.machine.answered(published.back()));
  CHECK(crowd.machine.node->next_deadline() == crowd.machine.now.steady);
  crowd.machine.settle();
  CHECK(crowd.machine.answered(published.back()));
  CHECK(taken(crowd.machine, crowd.all.back()).starts_with("a=0 a=1 a=2 "));
}

TEST_CASE("what waits to be given out is bounded, and more is refused") {
  Crowd crowd;
  const std::string large(kMessageBytesMax - 1, 'x');
  std::uint64_t last = 0;
  for (std::uint64_t bytes = 0; bytes <= kArrivedBytesMax; bytes += large.size()) {
    last = begin_publishing(crowd.machine, "a", large);
  }
  REQUIRE(crowd.machine.answered(last));
  CHECK(crowd.machine.recorder.answers.at(last).outcome == Outcome::overloaded);
  CHECK(crowd.machine.recorder.answers.at(last).message.find(std::to_string(kArrivedBytesMax)) != std::string::npos);
  crowd.machine.settle();
  publish(crowd.machine, "a", "again");
}

TEST_CASE("the subscriptions of one queue have so much on loan together, and more when it comes back") {
  Crowd crowd;
  const std::string large(kMessageBytesMax - 1, 'x');
  publish(crowd.machine, "a", large);  // one message is always for all
  CHECK(crowd.machine.node->status().channels.missed == 0);
  publish(crowd.machine, "a", large);
  CHECK(crowd.machine.node->status().channels.missed == kSubscriptionsMax);
  for (const std::uint64_t one : crowd.all) give_back(crowd.machine, one);
  publish(crowd.machine, "a", "small");
  CHECK(crowd.machine.node->status().channels.missed == kSubscriptionsMax);
  CHECK(taken(crowd.machine, crowd.all.front()) == "a=small!");
}

TEST_CASE("a subscription hears nothing that was published before it") {
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}}});
  machine.settle();
  begin_publishing(machine, "a", "1");
  const std::uint64_t late = subscribe(machine);
  begin_publishing(machine, "a", "2");
  machine.settle();
  CHECK(taken(machine, late) == "a=2");
}

TEST_CASE("only so many subscriptions are open at a time") {
  Machine machine(NodeId(1), raft::Membership{{{NodeId(1)}}});
  machine.settle();
  for (std::size_t i = 0; i < kSubscriptionsMax; ++i) subscribe(machine);
  const std::uint64_t refused = subscribe(machine);
  CHECK(machine.recorder.answers.at(refused).outcome == Outcome::overloaded);
}

}  // namespace tenon::node
