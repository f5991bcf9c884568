// SPDX-License-Identifier: MIT
// A log that is shortened because an operator asks for it.
#include "small_images.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a compaction that an operator wants cuts the log up to the image, whoever is late") {
  SmallImages cluster;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ImageSettings& images = cluster.at(NodeId(id)).settings.images;
    images.log_tail_bytes = images.log_held_bytes_max = 1u << 30;
    images.log_mark_bytes = 1u << 20;
    cluster.at(NodeId(id)).restart();
  }
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  cluster.put_many(leader, 20);
  leader.node->take_image();
  cluster.pass(milliseconds(300));
  CHECK(leader.node->status().first_index == LogIndex(1));
  cluster.put_many(leader, 5);
  const Status before = leader.node->status();
  CHECK(before.log_bytes > 25 * 40);
  leader.node->ask({{1, 1'000'000}, CompactionWanted{}});
  const auto begun = std::get<CompactionBegun>(leader.recorder.operator_answers.at(1'000'000).what);
  CHECK(begun.applied_index == before.applied_index);
  CHECK(begun.first_index == LogIndex(1));
  CHECK(begun.log_bytes == before.log_bytes);
  CHECK(leader.node->status().is_compacting);
  cluster.pass(milliseconds(300));
  const Status after = leader.node->status();
  CHECK_FALSE(after.is_compacting);
  CHECK(after.first_index == begun.applied_index.next());
  CHECK(after.log_bytes == 0);
  // There is nothing more to cut.
  leader.node->ask({{1, 1'000'001}, CompactionWanted{}});
  cluster.pass(milliseconds(50));
  CHECK_FALSE(leader.node->status().is_compacting);
  CHECK(leader.node->status().images.taken == after.images.taken);
}

TEST_CASE("a compaction keeps the log behind an image that is on its way, opened or not") {
  SmallImages cluster;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    cluster.at(NodeId(id)).settings.images.log_held_bytes_max = 1u << 30;
    cluster.at(NodeId(id)).restart();
  }
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 60);
  leader.node->ask({{1, 999'999}, CompactionWanted{}});
  cluster.pass(milliseconds(1500));
  REQUIRE(leader.node->status().first_index > LogIndex(1));
  const LogIndex sent = leader.node->status().images.index;
  late.now = cluster.now;
  const bool is_opened = GENERATE(false, true);
  cluster.works = [&](Machine& machine) { return is_opened || &machine != &leader; };
  cluster.cut.clear();
  for (int i = 0; i < 1000 && (is_opened ? !late.storage.unfinished_image : leader.workers.waiting.empty()); ++i) {
    cluster.round();
    cluster.advance(milliseconds(1));
  }
  REQUIRE(leader.workers.waiting.empty() == is_opened);
  cluster.drops = [&](const wire::Body& body) { return std::holds_alternative<wire::ImagePiece>(body); };
  std::deque<std::unique_ptr<Work>> first_read = std::exchange(leader.workers.waiting, {});
  cluster.works = nullptr;
  cluster.put_many(leader, 5);
  leader.node->ask({{1, 1'000'000}, CompactionWanted{}});
  cluster.pass(milliseconds(300));
  CHECK(leader.node->status().images.index > sent);
  CHECK_FALSE(leader.node->status().is_compacting);
  CHECK(leader.node->status().first_index == sent.next());
  cluster.drops = nullptr;
  for (std::unique_ptr<Work>& read : first_read) leader.workers.waiting.push_back(std::move(read));
  cluster.pass(milliseconds(8000));
  CHECK(late.node->status().images.received == 1);
  CHECK(hash_of(late) == hash_of(leader));
}

TEST_CASE("a compaction whose image cannot be written is under way until it can") {
  Machine machine;
  make_small(machine.settings.images);
  machine.settings.images.log_tail_bytes = 1u << 30;
  machine.restart();
  machine.put("key", std::string(300, 'v'));
  machine.settle();
  machine.storage.image_write_error = TENON_ERROR_NO_SPACE;
  machine.node->ask({{1, 1'000'000}, CompactionWanted{}});
  machine.settle();
  CHECK(machine.recorder.troubles.size() == 1);
  CHECK(machine.node->status().is_compacting);
  machine.storage.image_write_error = TENON_OK;
  machine.now.steady += machine.settings.images.retry_wait;
  machine.settle();
  CHECK_FALSE(machine.node->status().is_compacting);
  CHECK(machine.node->status().first_index == machine.node->status().images.index.next());
}

TEST_CASE("the log behind an image that turns out to be damaged is kept, though an operator wants it cut") {
  SmallImages cluster;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ImageSettings& images = cluster.at(NodeId(id)).settings.images;
    images.log_tail_bytes = images.log_held_bytes_max = 1u << 30;
    cluster.at(NodeId(id)).restart();
  }
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 20);
  leader.node->ask({{1, 1'000'000}, CompactionWanted{}});
  cluster.pass(milliseconds(300));
  const LogIndex first = leader.node->status().first_index;
  REQUIRE(first > LogIndex(1));
  cluster.put_many(leader, 5);
  leader.node->take_image();
  cluster.pass(milliseconds(300));
  REQUIRE(leader.node->status().images.index == leader.node->status().applied_index);
  REQUIRE(leader.node->status().first_index == first);
  std::string& image = leader.storage.newest_image->bytes;
  image[image.size() / 2] ^= 1;
  late.now = cluster.now;
  cluster.cut.clear();
  for (int i = 0; i < 1000 && leader.recorder.troubles.empty(); ++i) cluster.pass(milliseconds(5));
  REQUIRE(leader.recorder.troubles.size() == 1);
  // Nothing was applied since, so there is no other image yet.
  REQUIRE(leader.node->status().images.index == leader.node->status().applied_index);
  leader.node->ask({{1, 1'000'001}, CompactionWanted{}});
  cluster.pass(milliseconds(500));
  CHECK(leader.node->status().first_index == first);
  // With the next entry comes one, and the log is cut behind it.
  cluster.put_many(leader, 1);
  cluster.pass(milliseconds(500));
  CHECK(leader.node->status().first_index > first);
}

}  // namespace
}  // namespace tenon::node
