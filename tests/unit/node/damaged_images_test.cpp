// SPDX-License-Identifier: MIT
// A node whose disk has damaged an image that it took or received.
#include "small_images.hpp"

namespace tenon::node {
namespace {

TEST_CASE("a leader whose image is damaged says so itself, sends nothing of the damage, and soon takes another") {
  SmallImages cluster;
  Machine& leader = cluster.elect();
  Machine& late = cluster.follower();
  cluster.put_many(leader, 3);
  cluster.cut.insert(late.settings.raft.self);
  late.restart();
  cluster.put_many(leader, 40);
  leader.node->take_image();
  cluster.pass(milliseconds(500));
  const LogIndex damaged = leader.node->status().images.index;
  REQUIRE(damaged > late.node->status().last_index.next());
  std::string& bytes = leader.storage.newest_image->bytes;
  bytes[bytes.size() / 2] ^= 1;
  late.now = cluster.now;
  cluster.cut.clear();
  cluster.pass(milliseconds(3000));
  CHECK_FALSE(leader.recorder.troubles.empty());
  CHECK(late.recorder.troubles.empty());
  CHECK(late.node->status().images.received == 0);
  cluster.put_many(leader, 1);
  cluster.pass(milliseconds(3000));
  CHECK(leader.node->status().images.index > damaged);
  CHECK(late.node->status().images.received == 1);
  CHECK(hash_of(late) == hash_of(leader));
}

}  // namespace
}  // namespace tenon::node
