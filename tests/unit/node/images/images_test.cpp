// SPDX-License-Identifier: MIT
// A node takes images of its state, shortens its log behind them, starts from them, and passes them to peers whose logs
// end before its own begins.
#include "small_images.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a node that starts from an image and the log behind it holds the state that it had") {
  Machine machine;
  make_small(machine.settings.images);
  machine.restart();
  machine.settle();
  for (int i = 0; i < 50; ++i) machine.put("key" + std::to_string(i), std::string(100, 'v'));
  machine.settle();
  machine.node->take_image();
  machine.settle();
  REQUIRE(machine.recorder.images.size() == 1);
  const LogIndex image = machine.recorder.images.front().index;
  CHECK(image == machine.node->status().applied_index);
  machine.now.steady += std::chrono::seconds(1);
  machine.put("later", "1");
  machine.settle();
  CHECK(machine.node->status().first_index == image.next());
  CHECK(machine.storage.log.begin()->first == image.next().value());
  const std::uint64_t hash = hash_of(machine);
  const std::uint64_t revision = machine.node->status().revision;
  machine.restart();
  machine.settle();
  CHECK(machine.node->status().revision == revision);
  CHECK(machine.node->status().key_count == 51);
  // The entry that a leadership begins with changes no key, so only the clock may differ.
  machine.put("another", "1");
  machine.settle();
  CHECK(hash_of(machine) != hash);
  const std::uint64_t get = machine.get("key7");
  machine.settle();
  CHECK(machine.found(get) == std::string(100, 'v'));
}

TEST_CASE("an image shows one moment, though writes go on while it is encoded") {
  Machine machine;
  make_small(machine.settings.images);
  machine.restart();
  machine.settle();
  for (int i = 0; i < 20; ++i) machine.put("key" + std::to_string(i), "before");
  machine.settle();
  machine.node->take_image();
  machine.run();
  REQUIRE(machine.workers.waiting.size() == 1);
  const LogIndex index = machine.node->status().applied_index;
  std::unique_ptr<Work> work = std::move(machine.workers.waiting.front());
  machine.workers.waiting.pop_front();
  while (work->step()) {
    machine.put("key" + std::to_string(machine.last_request % 20), "after");
    for (machine.run(); !machine.storage.queued.empty(); machine.run()) machine.sync_one();
  }
  machine.node->on_work_done(std::move(work));
  machine.settle();
  REQUIRE(machine.storage.newest_image.has_value());
  const std::optional<LoadedImage> image =
      load_newest_image(machine.storage.port(), "machines", [](std::uint64_t, std::uint64_t) {});
  REQUIRE(image.has_value());
  CHECK(image->identity.index == index);
  CHECK(image->store->key_count() == 20);
  kv::Command scan;
  kv::Operation all;
  all.kind = TENON_SCAN;
  all.limit = 100;
  all.limit_bytes = 10'000;
  scan.operations.push_back(all);
  const kv::Reply reply = image->store->read(scan);
  for (const kv::Record& record : reply.results.at(0).records) CHECK(record.value == "before");
}

TEST_CASE("an image that cannot be written is given up, said, and tried again later") {
  Machine machine;
  make_small(machine.settings.images);
  machine.settings.images.log_bytes = 100;
  machine.storage.image_write_error = TENON_ERROR_NO_SPACE;
  machine.restart();
  machine.put("key", std::string(300, 'v'));
  machine.settle();
  REQUIRE(machine.recorder.troubles.size() == 1);
  CHECK_FALSE(machine.storage.newest_image.has_value());
  CHECK(machine.storage.open_images == 0);
  CHECK(machine.node->status().first_index == LogIndex(1));
  machine.storage.image_write_error = TENON_OK;
  machine.now.steady += machine.settings.images.retry_wait;
  machine.settle();
  CHECK(machine.storage.newest_image.has_value());
}

TEST_CASE("a node whose image may or may not have been committed stops") {
  Machine machine;
  make_small(machine.settings.images);
  machine.restart();
  machine.settle();
  machine.storage.image_commit_error = TENON_ERROR_IO;
  machine.node->take_image();
  machine.run();
  machine.work_one();
  machine.run();
  CHECK(machine.recorder.failure.has_value());
}

TEST_CASE("an image that storage gives back damaged is not committed, and the log stays") {
  Machine machine;
  make_small(machine.settings.images);
  machine.restart();
  machine.settle();
  for (int i = 0; i < 20; ++i) machine.put("key" + std::to_string(i), "value");
  machine.settle();
  machine.node->take_image();
  machine.run();
  Work& work = *machine.workers.waiting.front();
  for (int i = 0; i < 6; ++i) REQUIRE(work.step());
  machine.storage.unfinished_image->bytes[150] ^= 1;
  machine.settle();
  CHECK(machine.recorder.troubles.size() == 1);
  CHECK_FALSE(machine.storage.newest_image.has_value());
  CHECK(machine.node->status().first_index == LogIndex(1));
}

TEST_CASE("a follower that is behind the leader's log gets the state by an image, and goes on from there") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.put_many(leader, 3);
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 40);
  leader.node->take_image();
  cluster.pass(milliseconds(500));
  REQUIRE(leader.node->status().first_index > late.node->status().last_index.next());
  late.now = cluster.now;
  cluster.cut.clear();
  cluster.pass(milliseconds(3000));
  CHECK(late.node->status().images.received == 1);
  CHECK(late.node->status().first_index == leader.node->status().first_index);
  CHECK(late.node->status().applied_index == cluster.leader()->node->status().applied_index);
  CHECK(hash_of(late) == hash_of(leader));
  cluster.put_many(*cluster.leader(), 3);
  cluster.pass(milliseconds(100));
  CHECK(hash_of(late) == hash_of(leader));
  const std::uint64_t get = late.get("key20");
  cluster.pass(milliseconds(100));
  CHECK(late.found(get) == std::string(40, 'v'));
}

TEST_CASE("an image ends the watches that it leaves behind as compacted, and those that are ahead of it go on") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.put_many(leader, 3);
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 40);
  leader.node->take_image();
  cluster.pass(milliseconds(500));
  late.now = cluster.now;
  const auto local = [](std::uint64_t revision) {
    return WatchRequest{"", "", revision, 1000, false, Freshness::local};
  };
  const std::uint64_t behind = late.watch(local(1));
  const std::uint64_t ahead = late.watch(local(44));
  cluster.cut.clear();
  cluster.pass(milliseconds(3000));
  REQUIRE(late.node->status().images.received == 1);
  REQUIRE(late.answered(behind));
  CHECK(late.recorder.answers.at(behind).error == TENON_ERROR_COMPACTED);
  CHECK(late.recorder.answers.at(behind).reply.revision == 44);
  CHECK(late.node->status().watches.oldest_revision == 44);
  for (const Answer& answer : late.recorder.streams[ahead]) late.node->give_back(*answer.loan);
  late.recorder.streams.clear();
  cluster.put_many(*cluster.leader(), 1);
  cluster.pass(milliseconds(100));
  REQUIRE(late.recorder.streams[ahead].size() == 1);
  CHECK(late.recorder.streams[ahead][0].reply.results.at(0).records.at(0).modified == 44);
}

TEST_CASE("a start between the commit of a received image and the emptied log goes on from the image") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 20);
  leader.node->take_image();
  cluster.pass(milliseconds(300));
  REQUIRE(leader.storage.newest_image.has_value());
  late.storage.newest_image = leader.storage.newest_image;
  const LogIndex image(late.storage.newest_image->name.index);
  late.restart();
  CHECK(late.resets == 1);
  CHECK(late.storage.log.empty());
  CHECK(late.node->status().applied_index == image);
  CHECK(late.node->status().last_index == image);
  late.now = cluster.now;
  cluster.cut.clear();
  cluster.put_many(*cluster.leader(), 3);
  cluster.pass(milliseconds(500));
  CHECK(hash_of(late) == hash_of(leader));
}

TEST_CASE("writes that wait for entries which came within an image end as unknown") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  cluster.put_many(leader, 2);
  cluster.cut.insert(leader.settings.raft.self);
  const std::uint64_t lost = leader.put("lost", "1");
  leader.run();
  leader.peers.sent.clear();
  for (int i = 0; i < 100 && cluster.leader() == nullptr; ++i) cluster.pass(milliseconds(50));
  Machine& next = *cluster.leader();
  cluster.put_many(next, 20);
  next.node->take_image();
  cluster.pass(milliseconds(300));
  leader.now = cluster.now;
  cluster.cut.clear();
  cluster.pass(milliseconds(3000));
  CHECK(leader.node->status().images.received == 1);
  REQUIRE(leader.answered(lost));
  CHECK(leader.recorder.answers.at(lost).outcome == Outcome::unknown);
}

TEST_CASE("keys go when their time has come though nobody writes, and never come back") {
  Machine machine;
  machine.settle();
  kv::Operation put;
  put.kind = TENON_PUT;
  put.key = "short";
  put.value = "lived";
  put.expiry_ms = 1000;
  machine.submit(Access::write, encoded(put));
  machine.settle();
  CHECK(machine.node->status().key_count == 1);
  REQUIRE(machine.node->next_deadline().has_value());
  CHECK(*machine.node->next_deadline() <= machine.now.steady + milliseconds(1000));
  machine.now.steady += milliseconds(999);
  machine.settle();
  CHECK(machine.node->status().key_count == 1);
  machine.now.steady += milliseconds(1);
  machine.settle();
  CHECK(machine.node->status().key_count == 0);
  machine.restart();
  machine.now.wall_ms = 1;  // a wall clock that was set back revives nothing
  machine.settle();
  CHECK(machine.node->status().key_count == 0);
}

}  // namespace
}  // namespace tenon::node
