// SPDX-License-Identifier: MIT
#include "node/watches.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cluster.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

WatchRequest range(std::string first, std::string end, std::uint64_t revision = 0, std::uint64_t records_max = 100) {
  return {std::move(first), std::move(end), revision, records_max, false, Freshness::confirmed};
}

WatchRequest everything(std::uint64_t revision = 0, std::uint64_t records_max = 100) {
  return range({}, {}, revision, records_max);
}

// "2:k=v 3:-k", the changes that answers hold; a mark of progress at 7 is "<7>".
std::string text(const std::vector<Answer>& answers) {
  std::string made;
  for (const Answer& answer : answers) {
    REQUIRE(answer.reply.results.size() == 1);
    const std::vector<kv::Record>& records = answer.reply.results[0].records;
    if (records.empty()) made += (made.empty() ? "<" : " <") + std::to_string(answer.reply.revision) + ">";
    for (const kv::Record& record : records) {
      made += (made.empty() ? "" : " ") + std::to_string(record.modified) + ":";
      if (record.kind == TENON_RECORD_PREVIOUS) made += "was ";
      made += (record.kind == TENON_RECORD_DELETED ? "-" : record.kind == TENON_RECORD_EXPIRED ? "!" : "") + record.key;
      if (!record.value.empty()) made += "=" + record.value;
      CHECK(record.modified <= answer.reply.revision);
    }
  }
  return made;
}

class Watched {
 public:
  explicit Watched(std::size_t history_bytes_max = 64u << 20) {
    machine.settings.watch_history_bytes_max = history_bytes_max;
    machine.restart();
    machine.settle();
  }
  void put(std::string_view key, std::string_view value) {
    machine.put(key, value);
    machine.settle();
  }
  // What has come to a watch since the last call; all of it is given back when `gives_back`.
  std::string take(std::uint64_t watch) { return text(take_answers(watch)); }
  std::vector<Answer> take_answers(std::uint64_t watch) {
    std::vector<Answer> taken = peek(watch);
    machine.recorder.streams.erase(watch);
    for (const Answer& answer : taken) machine.node->give_back(*answer.loan);
    machine.settle();
    return taken;
  }
  std::vector<Answer> peek(std::uint64_t watch) { return machine.recorder.streams[watch]; }
  std::uint64_t watch(WatchRequest request) {
    const std::uint64_t id = machine.watch(std::move(request));
    machine.settle();
    return id;
  }
  void pass(milliseconds time) {
    machine.now.steady += time;
    machine.settle();
  }
  const Answer& ended(std::uint64_t request) const { return machine.recorder.answers.at(request); }

  Machine machine;
};

}  // namespace

TEST_CASE("a watch gets what changes in its range from now on, in order, and first of all where it begins") {
  Watched watched;
  watched.put("a", "before");
  const std::uint64_t watch = watched.watch(range("b", "c"));
  CHECK(watched.take(watch) == "<1>");
  watched.put("b", "1");
  watched.put("c", "other");
  watched.put("bb", "2");
  watched.machine.erase("b");
  watched.machine.settle();
  CHECK(watched.take(watch) == "2:b=1 4:bb=2 5:-b");
  CHECK_FALSE(watched.machine.answered(watch));
}

TEST_CASE("a watch from a revision begins with what changed then, and shows what was before when it is asked to") {
  Watched watched;
  for (const char* const value : {"1", "2", "3"}) watched.put("k", value);
  WatchRequest request = everything(2);
  request.with_previous = true;
  const std::uint64_t watch = watched.watch(request);
  const std::vector<Answer> answers = watched.take_answers(watch);
  CHECK(text(answers) == "2:k=2 1:was k=1 3:k=3 2:was k=2");
  CHECK(answers.back().reply.revision == 3);
}

TEST_CASE("a watch from a revision that is not yet waits for it") {
  Watched watched;
  const std::uint64_t watch = watched.watch(everything(3));
  CHECK(watched.take(watch) == "<2>");
  for (const char* const key : {"a", "b", "c"}) watched.put(key, "1");
  CHECK(watched.take(watch) == "3:c=1");
}

TEST_CASE("a watch is sent no more records than its limit until they are given back, and misses none") {
  Watched watched;
  const std::uint64_t watch = watched.watch(everything(1, 3));
  std::string all;
  watched.take(watch);
  for (int i = 0; i < 10; ++i) watched.put("k" + std::to_string(i), "v");
  CHECK(text(watched.peek(watch)) == "1:k0=v 2:k1=v 3:k2=v");
  CHECK(watched.take(watch) == "1:k0=v 2:k1=v 3:k2=v");
  CHECK(watched.take(watch) == "4:k3=v 5:k4=v 6:k5=v");
  watched.take(watch);
  CHECK(watched.take(watch) == "10:k9=v");
}

TEST_CASE("a revision is never divided, and comes when nothing else is on loan") {
  Watched watched;
  const std::uint64_t watch = watched.watch(everything(1, 2));
  watched.take(watch);
  watched.put("a", "1");
  kv::Command command;
  for (const std::string_view key : {"x", "y", "z"}) {
    command.operations.push_back({TENON_PUT, 0, key, {}, "v", {}, 0, 0});
  }
  std::string data;
  kv::encode(command, data);
  watched.machine.submit(Access::write, data);
  watched.machine.settle();
  CHECK(watched.take(watch) == "1:a=1");
  CHECK(watched.take(watch) == "2:x=v 2:y=v 2:z=v");
}

TEST_CASE("the bytes on loan to a watch are bounded, and so is what the others of its queue have") {
  Watched watched;
  const std::uint64_t watch = watched.watch(everything(1));
  watched.take(watch);
  const std::string large(100'000, 'v');
  for (int i = 0; i < 8; ++i) watched.put("k", large);
  std::uint64_t held = 0;
  for (const Answer& answer : watched.peek(watch)) held += answer.loan->bytes;
  CHECK(held > 0);
  CHECK(held <= kStreamBytesMax);
  std::size_t count = 0;
  for (std::vector<Answer> taken; !(taken = watched.take_answers(watch)).empty();) {
    for (const Answer& answer : taken) count += answer.reply.results[0].records.size();
  }
  CHECK(count == 8);
}

TEST_CASE("a watcher that falls behind the history hears it once, with the revision at which it can begin") {
  const std::string value(1000, 'v');
  Watched watched(10 * (value.size() + 1 + kv::History::kChangeBytes));
  const std::uint64_t slow = watched.watch(everything(1, 2));
  const std::uint64_t quick = watched.watch(everything(1, 2));
  watched.take(slow);
  std::string seen;
  for (int i = 0; i < 12; ++i) {
    watched.put("k", value);
    watched.take(quick);
  }
  CHECK(text(watched.peek(slow)).size() < 3 * value.size());
  CHECK(watched.machine.node->status().watches.history_bytes <= 10 * (value.size() + 1 + kv::History::kChangeBytes));
  for (int i = 0; i < 10; ++i) {
    watched.put("k", "");
    watched.take(quick);
  }
  REQUIRE(watched.machine.answered(slow));
  const Answer& end = watched.ended(slow);
  CHECK(end.outcome == Outcome::refused);
  CHECK(end.error == TENON_ERROR_COMPACTED);
  const WatchStatus status = watched.machine.node->status().watches;
  CHECK(end.reply.revision > 3);
  CHECK(end.reply.revision <= status.oldest_revision);
  CHECK(status.compacted == 1);
  CHECK(status.open == 1);
  CHECK_FALSE(watched.machine.answered(quick));
  // The loans of a stream that has ended change nothing.
  for (const Answer& answer : watched.peek(slow)) watched.machine.node->give_back(*answer.loan);
  const std::uint64_t again = watched.watch(everything(status.oldest_revision));
  CHECK_FALSE(watched.machine.answered(again));
  CHECK_FALSE(watched.peek(again).empty());
  CHECK(watched.machine.answered(watched.watch(everything(status.oldest_revision - 1))));
}

TEST_CASE("a watch that sees no change hears how far it is, at most once in an interval") {
  Watched watched;
  const std::uint64_t watch = watched.watch(range("mine", "minf"));
  CHECK(watched.take(watch) == "<0>");
  watched.pass(3 * kMarkInterval);
  CHECK(watched.take(watch).empty());  // the revision is where it was
  watched.put("other", "1");
  CHECK(watched.take(watch) == "<1>");
  watched.put("other", "2");
  watched.put("other", "3");
  CHECK(watched.take(watch).empty());
  REQUIRE(watched.machine.node->next_deadline() <= watched.machine.now.steady + kMarkInterval);
  watched.pass(kMarkInterval - milliseconds(1));
  CHECK(watched.take(watch).empty());
  watched.pass(milliseconds(1));
  CHECK(text(watched.peek(watch)) == "<3>");
  // Marks that nobody takes do not gather.
  for (int i = 0; i < 5; ++i) {
    watched.put("other", "4");
    watched.pass(kMarkInterval);
  }
  CHECK(watched.take(watch) == "<3>");
  CHECK(watched.take(watch) == "<8>");
}

TEST_CASE("a watch that is cancelled ends once, before it has begun or later") {
  Watched watched;
  const std::uint64_t watch = watched.watch(everything());
  watched.machine.node->cancel({1, watch});
  watched.machine.node->cancel({1, watch});
  CHECK(watched.ended(watch).outcome == Outcome::refused);
  CHECK(watched.ended(watch).error == TENON_ERROR_CANCELLED);
  CHECK(watched.machine.node->status().watches.open == 0);
  const std::uint64_t waiting = watched.machine.watch(everything());
  watched.machine.node->cancel({1, waiting});
  watched.machine.settle();
  CHECK(watched.ended(waiting).error == TENON_ERROR_CANCELLED);
  CHECK(watched.peek(waiting).empty());
}

TEST_CASE("the end of a queue ends its watches, also those that have not begun") {
  Watched watched;
  watched.watch(everything());
  watched.machine.watch(everything());
  watched.machine.node->end_queue(2);
  CHECK(watched.machine.node->status().watches.open == 1);
  watched.machine.node->end_queue(1);
  watched.machine.settle();
  CHECK(watched.machine.node->status().watches.open == 0);
}

TEST_CASE("watches beyond the bound are refused as overloaded") {
  Watched watched;
  for (std::size_t i = 0; i < kStreamsMax; ++i) watched.machine.watch(everything());
  watched.machine.settle();
  CHECK(watched.machine.node->status().watches.open == kStreamsMax);
  const std::uint64_t refused = watched.watch(everything());
  CHECK(watched.ended(refused).outcome == Outcome::overloaded);
  CHECK(watched.ended(refused).error == TENON_ERROR_BUSY);
  CHECK(watched.ended(refused).message.find(std::to_string(kStreamsMax)) != std::string::npos);
}

TEST_CASE("a watch of what is on this node asks no leader, but wants one to be known, or it ends in its time") {
  Cluster cluster;
  cluster.elect();
  Machine& follower = cluster.follower();
  WatchRequest local = everything();
  local.freshness = Freshness::local;
  REQUIRE(follower.node->status().leader != NodeId());
  const std::uint64_t here = follower.watch(local);
  const std::uint64_t confirmed = follower.watch(everything());
  follower.run();
  CHECK(follower.recorder.streams[here].size() == 1);
  CHECK(follower.recorder.streams[confirmed].empty());
  // Alone it stops to know of a leader.
  for (int i = 0; i < 100 && follower.node->status().leader != NodeId(); ++i) {
    follower.now.steady += milliseconds(100);
    follower.run();
    while (!follower.storage.queued.empty()) follower.sync_one();
  }
  REQUIRE(follower.node->status().leader == NodeId());
  const std::uint64_t alone = follower.watch(local);
  follower.run();
  CHECK(follower.recorder.streams[alone].empty());
  follower.now.steady += follower.timeout;
  follower.run();
  CHECK(follower.recorder.answers.at(alone).error == TENON_ERROR_TIMEOUT);
  CHECK_FALSE(follower.answered(here));
}

TEST_CASE("what a node applies again after a restart is in its history again") {
  Watched watched;
  for (const char* const key : {"a", "b", "c"}) watched.put(key, "1");
  watched.machine.restart();
  watched.machine.settle();
  const std::uint64_t watch = watched.watch(everything(2));
  CHECK(watched.take(watch) == "2:b=1 3:c=1");
}

}  // namespace tenon::node
