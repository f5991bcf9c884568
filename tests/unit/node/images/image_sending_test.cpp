// SPDX-License-Identifier: MIT
// A node passes its image to peers whose logs end before its own begins.
#include "small_images.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a node that has failed leaves open what a worker still held, until its images are closed") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 60);
  leader.node->take_image();
  cluster.pass(milliseconds(1500));
  late.now = cluster.now;
  cluster.works = [&](Machine& machine) { return &machine != &leader; };
  cluster.cut.clear();
  for (int i = 0; i < 1000 && leader.workers.waiting.empty(); ++i) {
    cluster.round();
    cluster.advance(milliseconds(1));
  }
  REQUIRE(leader.workers.waiting.size() == 1);
  std::unique_ptr<Work> read = std::move(leader.workers.waiting.front());
  leader.workers.waiting.pop_front();
  while (read->step()) {
  }
  REQUIRE(leader.storage.open_images == 1);
  leader.storage.image_commit_error = TENON_ERROR_IO;
  cluster.put_many(leader, 1);
  leader.node->take_image();
  leader.run();
  leader.work_one();
  leader.run();
  REQUIRE(leader.recorder.failure.has_value());
  leader.node->on_work_done(std::move(read));
  CHECK(leader.storage.open_images == 1);
  leader.node->close_images();
  CHECK(leader.storage.open_images == 0);
}

TEST_CASE("the end of a transfer leaves the image to a worker, however quick that is") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 60);
  leader.node->take_image();
  cluster.pass(milliseconds(1500));
  late.now = cluster.now;
  int open = leader.storage.open_images;
  leader.workers.begun = [&](Work& work) {
    CHECK(leader.storage.open_images == open);  // the node has closed none since a worker was here
    while (work.step()) {
    }
    open = leader.storage.open_images;
  };
  cluster.works = [&](Machine& machine) { return &machine != &leader; };
  cluster.cut.clear();
  bool has_sent = false;
  for (int i = 0; i < 1000 && !(has_sent && leader.node->status().images.sending == 0); ++i) {
    cluster.round();
    for (std::unique_ptr<Work>& work : std::exchange(leader.workers.waiting, {})) {
      leader.node->on_work_done(std::move(work));
    }
    has_sent = late.node->status().images.received == 1;
    cluster.advance(milliseconds(1));
  }
  CHECK(has_sent);
  CHECK(open == 0);
}

TEST_CASE("a leader whose image is damaged on its disk says so, does not send it, and takes the next") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 40);
  leader.node->take_image();
  cluster.pass(milliseconds(500));
  std::string& stored = leader.storage.newest_image->bytes;
  const auto tenth = GENERATE(as<std::size_t>{}, 3, 6, 9);
  stored[stored.size() * tenth / 10] ^= 1;
  late.now = cluster.now;
  cluster.cut.clear();
  cluster.pass(milliseconds(3000));
  CHECK(late.node->status().images.received == 0);
  CHECK(late.recorder.troubles.empty());
  REQUIRE(leader.recorder.troubles.size() > 0);
  CHECK(leader.recorder.troubles.front().find("is damaged in piece ") != std::string::npos);
  CHECK(leader.node->status().images.taken == 1);
  cluster.put_many(leader, 1);
  cluster.pass(milliseconds(10'000));
  CHECK(leader.node->status().images.taken == 2);
  CHECK(late.node->status().images.received == 1);
  CHECK(hash_of(late) == hash_of(leader));
}

TEST_CASE("a transfer goes on after the receiver was restarted, and the state is the same") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 60);
  leader.node->take_image();
  cluster.pass(milliseconds(500));
  late.now = cluster.now;
  cluster.cut.clear();
  std::size_t held = 0;
  for (int i = 0; i < 1000 && held < 300; ++i) {
    cluster.round();
    cluster.now.steady += milliseconds(1);
    if (late.storage.unfinished_image) held = late.storage.unfinished_image->bytes.size();
  }
  REQUIRE(late.storage.unfinished_image.has_value());
  late.storage.unfinished_image->bytes.resize(held - 5);  // its last piece is torn
  late.restart();
  cluster.pass(milliseconds(100));
  REQUIRE(late.storage.unfinished_image.has_value());
  cluster.pass(milliseconds(8000));
  CHECK(late.node->status().images.received == 1);
  CHECK(hash_of(late) == hash_of(leader));
}

}  // namespace
}  // namespace tenon::node
