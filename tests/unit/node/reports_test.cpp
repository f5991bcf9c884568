// SPDX-License-Identifier: MIT
// What nodes tell each other of their clocks and states, and what comes of it.
#include "cluster.hpp"

namespace tenon::node {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kYearMs = 365 * 24 * kHourMs;

kv::Operation put_with_expiry(std::string_view key, std::uint64_t expiry_ms) {
  kv::Operation put;
  put.kind = TENON_PUT;
  put.key = key;
  put.value = "value";
  put.expiry_ms = expiry_ms;
  return put;
}

// The cluster time of a write that is done now.
std::uint64_t stamp(Cluster& cluster, Machine& machine) {
  const std::uint64_t put = machine.put("clock", "value");
  cluster.pass(milliseconds(20));
  REQUIRE(machine.answered(put));
  REQUIRE(machine.recorder.answers.at(put).outcome == Outcome::done);
  return machine.recorder.answers.at(put).reply.cluster_time_ms;
}

bool is_there(Cluster& cluster, Machine& machine, std::string_view key) {
  const std::uint64_t get = machine.get(key);
  cluster.pass(milliseconds(100));
  return machine.found(get).has_value();
}

Machine& hand_over(Cluster& cluster, NodeId target) {
  for (int i = 0; i < 20 && cluster.leader() != &cluster.at(target); ++i) {
    if (Machine* leader = cluster.leader()) leader->node->transfer_leadership(target);
    cluster.pass(milliseconds(200));
  }
  REQUIRE(cluster.leader() == &cluster.at(target));
  return cluster.at(target);
}

TEST_CASE("a leader whose clock is years ahead makes nothing expire, and one that is behind does not keep it") {
  Cluster cluster;
  cluster.now.wall_ms = 1'700'000'000'000;
  const std::int64_t wrong_ms = GENERATE(5 * kYearMs, -5 * kYearMs);
  cluster.wall_ahead_ms[NodeId(3)] = wrong_ms;
  cluster.elect();
  Machine& first = hand_over(cluster, NodeId(1));
  const std::uint64_t began_ms = cluster.now.wall_ms;
  first.submit(Access::write, encoded(put_with_expiry("lease", 10'000)));
  cluster.pass(milliseconds(100));
  Machine& wrong = hand_over(cluster, NodeId(3));
  const std::uint64_t now_ms = cluster.now.wall_ms;
  const std::uint64_t stamp_ms = stamp(cluster, wrong);
  CHECK(stamp_ms + 50 > now_ms);
  CHECK(stamp_ms < now_ms + 50);
  CHECK(is_there(cluster, wrong, "lease"));
  while (cluster.now.wall_ms < began_ms + 9'900) cluster.pass(milliseconds(20));
  CHECK(wrong.node->store().key_count() == 2);
  cluster.pass(milliseconds(250));
  for (const raft::Member& member : kThree.members) CHECK(cluster.at(member.id).node->store().key_count() == 1);
}

TEST_CASE("a key lives as long as it was given while leaders change and clocks of a minority jump") {
  Cluster cluster;
  cluster.now.wall_ms = 1'700'000'000'000;
  Machine& first = cluster.elect();
  const std::uint64_t began_ms = cluster.now.wall_ms;
  const std::uint64_t put = first.submit(Access::write, encoded(put_with_expiry("lease", 20'000)));
  cluster.pass(milliseconds(20));
  REQUIRE(first.answered(put));
  std::uint64_t target = 1;
  const std::int64_t jumps[] = {kYearMs, -kYearMs, kHourMs, -kHourMs, 0};
  for (std::size_t i = 0; cluster.now.wall_ms < began_ms + 19'000; ++i) {
    cluster.wall_ahead_ms.clear();
    cluster.wall_ahead_ms[NodeId(1 + i % 3)] = jumps[i % 5];
    target = target % 3 + 1;
    hand_over(cluster, NodeId(target));
    cluster.pass(milliseconds(700));
    REQUIRE(is_there(cluster, cluster.at(NodeId(target)), "lease"));
  }
  while (cluster.now.wall_ms < began_ms + 19'900) cluster.pass(milliseconds(10));
  CHECK(cluster.at(NodeId(1)).node->store().key_count() == 1);
  cluster.pass(milliseconds(1'500));
  CHECK(cluster.at(NodeId(1)).node->store().key_count() == 0);
}

TEST_CASE("the time that all nodes are down counts, and what is put at once after it lives as long as it was given") {
  Cluster cluster;
  cluster.now.wall_ms = 1'700'000'000'000;
  Machine& first = cluster.elect();
  first.submit(Access::write, encoded(put_with_expiry("before", 3'600'000)));
  cluster.pass(milliseconds(100));
  cluster.advance(milliseconds(kHourMs - 100));
  for (const raft::Member& member : kThree.members) cluster.at(member.id).restart();
  // It is there before anybody leads, so the new leader proposes it as soon as it may.
  Machine& asked = cluster.at(NodeId(2));
  asked.timeout = std::chrono::hours(1);
  asked.now = {cluster.now.steady, cluster.now.wall_ms};
  const std::uint64_t put = asked.submit(Access::write, encoded(put_with_expiry("after", 60'000)));
  for (int i = 0; i < 2000 && !asked.answered(put); ++i) cluster.pass(milliseconds(5));
  REQUIRE(asked.answered(put));
  REQUIRE(asked.recorder.answers.at(put).outcome == Outcome::done);
  const std::uint64_t put_ms = cluster.now.wall_ms;
  CHECK_FALSE(is_there(cluster, asked, "before"));
  while (cluster.now.wall_ms < put_ms + 59'000) cluster.pass(milliseconds(100));
  CHECK(is_there(cluster, asked, "after"));
  cluster.pass(milliseconds(2'000));
  CHECK_FALSE(is_there(cluster, asked, "after"));
}

TEST_CASE("keys expire without writes under a leader whose entry for that was truncated in an earlier leadership") {
  Cluster cluster;
  for (const raft::Member& member : kThree.members) {
    cluster.at(member.id).settings.entry_bytes_max = 1;  // each write is an entry
    cluster.at(member.id).restart();
  }
  cluster.elect();
  Machine& leader = hand_over(cluster, NodeId(1));
  leader.submit(Access::write, encoded(put_with_expiry("first", 1'000)));
  cluster.pass(milliseconds(900));
  REQUIRE(leader.node->store().key_count() == 1);
  // Nobody else hears of what it appends from now on, and the last of it is to let the key expire.
  leader.now = cluster.now;
  for (int i = 0; i < 20; ++i) leader.put("lost", "value");
  leader.run();
  const LogIndex tail = leader.node->status().last_index;
  cluster.advance(milliseconds(150));
  leader.now = cluster.now;
  leader.run();
  const LogIndex truncated = leader.node->status().last_index;
  REQUIRE(truncated == tail.next());
  leader.peers.sent.clear();
  cluster.cut.insert(NodeId(1));
  cluster.elect();
  cluster.cut.clear();
  cluster.pass(milliseconds(200));
  hand_over(cluster, NodeId(1));
  leader.submit(Access::write, encoded(put_with_expiry("second", 1'000)));
  cluster.pass(milliseconds(100));
  REQUIRE(leader.node->store().key_count() == 1);
  REQUIRE(leader.node->status().last_index < truncated);
  cluster.pass(milliseconds(2'000));
  CHECK(leader.node->store().key_count() == 0);
}

TEST_CASE("a new leader goes on from the time that the old one told of, though the clocks that are left are behind") {
  Cluster cluster;
  cluster.now.wall_ms = 1'700'000'000'000;
  cluster.elect();
  Machine& first = hand_over(cluster, NodeId(1));
  stamp(cluster, first);
  cluster.pass(milliseconds(25'000));  // nothing is stamped meanwhile
  cluster.wall_ahead_ms = {{NodeId(2), -kHourMs}, {NodeId(3), -kHourMs}};
  cluster.cut.insert(NodeId(1));
  Machine& second = cluster.elect();
  const std::uint64_t stamp_ms = stamp(cluster, second);
  CHECK(stamp_ms + 100 > cluster.now.wall_ms);
  CHECK(stamp_ms <= cluster.now.wall_ms);
}

TEST_CASE("clocks of a majority that are set ahead take cluster time along within a minute, and never back") {
  Cluster cluster;
  cluster.now.wall_ms = 1'700'000'000'000;
  Machine& leader = cluster.elect();
  const std::uint64_t before_ms = stamp(cluster, leader);
  cluster.wall_ahead_ms = {{NodeId(1), kHourMs}, {NodeId(2), kHourMs}};
  cluster.pass(std::chrono::seconds(75));
  const std::uint64_t ahead_ms = stamp(cluster, leader);
  CHECK(ahead_ms >= before_ms + kHourMs + 75'000);
  cluster.wall_ahead_ms.clear();
  cluster.pass(std::chrono::seconds(75));
  CHECK(stamp(cluster, leader) >= ahead_ms + 75'000);
}

TEST_CASE("a leader that hears no clocks stamps nothing, and asks until it does") {
  Cluster cluster;
  cluster.drops = [](const wire::Body& body) { return std::holds_alternative<wire::NodeReport>(body); };
  Machine& leader = cluster.elect();
  const std::uint64_t put = leader.put("a", "1");
  cluster.pass(milliseconds(1'000));
  CHECK(cluster.leader() == &leader);
  CHECK_FALSE(leader.answered(put));
  cluster.drops = nullptr;
  cluster.pass(milliseconds(100));
  REQUIRE(leader.answered(put));
  CHECK(leader.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a report of no clock, or of one beyond the year 9999, is dropped and counted") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  const Machine& peer = cluster.follower();
  const auto receive = [&](std::uint64_t wall_ms, std::uint64_t cluster_time_ms) {
    leader.recorder.frame_drops.clear();
    const wire::Envelope envelope{"machines", peer.settings.raft.self, peer.settings.incarnation,
                                  leader.settings.raft.self};
    const wire::NodeReport report{leader.node->status().term, wall_ms, cluster_time_ms, {}};
    leader.node->receive(peer.settings.raft.self,
                         std::make_shared<const std::string>(wire::encode_frame(envelope, report).head));
    return leader.recorder.frame_drops;
  };
  const std::vector<FrameDrop> absurd{FrameDrop::absurd_clock};
  CHECK(receive(1, 0).empty());
  CHECK(receive(kWallMsMax, kWallMsMax).empty());
  CHECK(receive(0, 0) == absurd);
  CHECK(receive(kWallMsMax + 1, 0) == absurd);
  CHECK(receive(1, kWallMsMax + 1) == absurd);
}

raft::Membership first_voters(std::size_t count) {
  raft::Membership members;
  for (std::uint64_t id = 1; id <= count; ++id) members.members.push_back({NodeId(id), {}});
  return members;
}

// Restarts the node with a state in which a key has another value.
void damage(Cluster& cluster, NodeId id) {
  Machine& machine = cluster.at(id);
  machine.damage = [](kv::Store& store) {
    const std::string bytes = encoded({TENON_PUT, 0, "odd", {}, "value", {}, 0, 0});
    store.apply(*kv::decode(bytes));
  };
  machine.now.steady = cluster.now.steady;
  machine.restart();
  machine.damage = nullptr;
}

void write_some(Cluster& cluster, NodeId through) {
  for (int i = 0; i < 40; ++i) {
    cluster.at(through).put("key " + std::to_string(i), "value");
    cluster.pass(milliseconds(20));
  }
}

class ComparingCluster : public Cluster {
 public:
  explicit ComparingCluster(std::size_t count) : Cluster(first_voters(count)) {
    for (const raft::Member& member : first_voters(count).members) {
      at(member.id).settings.reports.interval = milliseconds(200);
      at(member.id).settings.reports.state_interval = 16;
      at(member.id).restart();
    }
  }
};

TEST_CASE("nodes that hold the same state find that out, and nothing else") {
  ComparingCluster cluster(3);
  Machine& leader = cluster.elect();
  write_some(cluster, leader.settings.raft.self);
  cluster.pass(milliseconds(500));
  for (const raft::Member& member : kThree.members) {
    CHECK(cluster.at(member.id).recorder.compared >= 4);
    CHECK(cluster.at(member.id).recorder.differences.empty());
  }
}

TEST_CASE("a follower whose state is odd stops, and says why, and the others go on") {
  ComparingCluster cluster(3);
  Machine& leader = cluster.elect();
  Machine& odd = cluster.follower();
  damage(cluster, odd.settings.raft.self);
  write_some(cluster, leader.settings.raft.self);
  REQUIRE(odd.recorder.failure.has_value());
  CHECK(odd.recorder.failure->find("the majority") != std::string::npos);
  CHECK(cluster.leader() == &leader);
  CHECK_FALSE(leader.recorder.failure.has_value());
  CHECK_FALSE(leader.recorder.differences.empty());
  const std::uint64_t put = leader.put("after", "value");
  cluster.pass(milliseconds(100));
  CHECK(leader.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("a leader whose state is odd hands leadership over before it stops, and answers nothing meanwhile") {
  ComparingCluster cluster(3);
  cluster.elect();
  damage(cluster, NodeId(2));
  cluster.pass(milliseconds(2'000));
  Machine& odd = hand_over(cluster, NodeId(2));
  REQUIRE_FALSE(odd.recorder.failure.has_value());
  odd.timeout = std::chrono::hours(1);
  write_some(cluster, NodeId(1));
  REQUIRE(odd.recorder.failure.has_value());
  CHECK(odd.node->status().role != RoleName::leader);  // it led no more when it stopped
  Machine& next = *cluster.leader();
  const std::uint64_t put = next.put("after", "value");
  cluster.pass(milliseconds(100));
  CHECK(next.recorder.answers.at(put).outcome == Outcome::done);
}

TEST_CASE("where no majority holds one state there is an alarm, and nobody stops") {
  const std::size_t count = GENERATE(2u, 4u);
  ComparingCluster cluster(count);
  cluster.elect();
  damage(cluster, NodeId(1));
  if (count == 4) damage(cluster, NodeId(2));
  cluster.elect();
  write_some(cluster, NodeId(1));
  for (const raft::Member& member : first_voters(count).members) {
    CHECK_FALSE(cluster.at(member.id).recorder.differences.empty());
    CHECK_FALSE(cluster.at(member.id).recorder.failure.has_value());
  }
}

}  // namespace
}  // namespace tenon::node
