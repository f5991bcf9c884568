// SPDX-License-Identifier: MIT
// Reads that rest on less than a round of heartbeats, or on more.
#include "node/reads/state_age.hpp"

#include "cluster.hpp"

namespace tenon::node {
namespace {

using raft::Instant;

const raft::Duration kDrift = milliseconds(50);

ServedRead last_served(const Machine& machine) { return machine.recorder.reads.back(); }
bool was(const ServedRead& read, ReadWay asked, ReadWay served) { return read.asked == asked && read.served == served; }

void put(Cluster& cluster, Machine& machine, std::string_view value) {
  const std::uint64_t put = machine.put("a", value);
  cluster.pass(milliseconds(50));
  REQUIRE(machine.recorder.answers.at(put).outcome == Outcome::done);
}

// One run of the node alone, at the time of the cluster.
void run(Cluster& cluster, Machine& machine) {
  machine.now = cluster.now;
  machine.run();
}

// The node hears of nobody for so long, and looks for a leader.
void lose_leader(Cluster& cluster, Machine& machine, milliseconds time) {
  cluster.advance(time - milliseconds(100));
  run(cluster, machine);  // it notices that time has jumped, and waits for what may have come meanwhile
  cluster.advance(milliseconds(100));
  run(cluster, machine);
  REQUIRE(machine.node->status().leader == NodeId());
}

TEST_CASE("cluster time of reads goes on without writes, and reaches no expiry of a key that is still shown") {
  Machine machine;
  machine.settle();
  kv::Operation put;
  put.kind = TENON_PUT;
  put.key = "key";
  put.value = "value";
  put.expiry_ms = 1'000;
  machine.submit(Access::write, encoded(put));
  machine.settle();
  std::uint64_t known_ms = 1'000'000;
  for (int i = 0; i < 3; ++i) {
    machine.now.steady += std::chrono::milliseconds(300);
    const std::uint64_t read = machine.get("key");
    machine.settle();
    CHECK(machine.found(read).has_value());
    known_ms += 300;
    CHECK(machine.recorder.answers.at(read).reply.cluster_time_ms == known_ms);
  }
  machine.now.steady += std::chrono::milliseconds(300);
  const std::uint64_t read = machine.get("key");
  machine.settle();
  const kv::Reply& reply = machine.recorder.answers.at(read).reply;
  const std::uint64_t expected_ms = reply.results.at(0).records.empty() ? 1'001'200 : 1'000'999;
  CHECK(reply.cluster_time_ms == expected_ms);
}

TEST_CASE("a leader with a lease answers at once, and one without asks the others first") {
  for (const bool has_lease : {true, false}) {
    Cluster cluster(kThree, has_lease ? std::optional(kDrift) : std::nullopt);
    Machine& leader = cluster.elect();
    put(cluster, leader, "1");
    const std::uint64_t get = leader.get("a", Consistency::lease);
    run(cluster, leader);
    CHECK(leader.answered(get) == has_lease);
    cluster.pass(milliseconds(50));
    CHECK(leader.found(get) == "1");
    CHECK(was(last_served(leader), ReadWay::lease, has_lease ? ReadWay::lease : ReadWay::linearizable));
  }
}

TEST_CASE("a leader that was stopped between the look at its lease and the answer does not give the old value") {
  Cluster cluster(kThree, kDrift);
  Machine& old_leader = cluster.elect();
  put(cluster, old_leader, "old");
  const std::uint64_t get = old_leader.get("a", Consistency::lease);
  old_leader.recorder.now_at_answers = cluster.now.steady + std::chrono::seconds(2);
  run(cluster, old_leader);
  old_leader.recorder.now_at_answers.reset();
  CHECK_FALSE(old_leader.answered(get));
  const NodeId old_id = old_leader.settings.raft.self;
  cluster.cut.insert(old_id);
  Machine& leader = cluster.elect();
  put(cluster, leader, "new");
  cluster.cut.clear();
  cluster.pass(milliseconds(500));
  CHECK(old_leader.found(get) == "new");
  CHECK(was(last_served(old_leader), ReadWay::lease, ReadWay::linearizable));
}

TEST_CASE("a leader that hands over answers nothing by its lease, also in the run in which it does") {
  Cluster cluster(kThree, kDrift);
  Machine& leader = cluster.elect();
  put(cluster, leader, "1");
  const std::uint64_t get = leader.get("a", Consistency::lease);
  leader.node->transfer_leadership(cluster.follower().settings.raft.self);
  run(cluster, leader);
  CHECK_FALSE(leader.answered(get));
  cluster.pass(milliseconds(300));
  CHECK(leader.found(get) == "1");
  CHECK(was(last_served(leader), ReadWay::lease, ReadWay::linearizable));
}

TEST_CASE("a read that may show any age is answered at once, by a node that is cut off too") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  put(cluster, leader, "1");
  Machine& follower = cluster.follower();
  cluster.pass(milliseconds(100));
  lose_leader(cluster, follower, std::chrono::seconds(60));
  const std::uint64_t get = follower.get("a", Consistency::stale);
  run(cluster, follower);
  CHECK(follower.found(get) == "1");
  CHECK(was(last_served(follower), ReadWay::stale, ReadWay::stale));
}

TEST_CASE("a follower knows how old its state is, and answers from it for as long as the request allows") {
  Cluster cluster;
  put(cluster, cluster.elect(), "1");
  Machine& follower = cluster.follower();
  cluster.pass(std::chrono::seconds(2));
  const std::optional<Instant> as_of = follower.node->status().state_as_of;
  REQUIRE(as_of.has_value());
  CHECK(*as_of >= cluster.now.steady - follower.settings.own_read_interval - milliseconds(100));
  CHECK(*as_of <= cluster.now.steady);
  lose_leader(cluster, follower, milliseconds(3000));
  const milliseconds age = std::chrono::duration_cast<milliseconds>(cluster.now.steady - *as_of);
  const std::uint64_t patient = follower.get("a", Consistency::stale, age);
  const std::uint64_t strict = follower.get("a", Consistency::stale, age - milliseconds(1));
  run(cluster, follower);
  CHECK(follower.found(patient) == "1");
  const Answer& refused = follower.recorder.answers.at(strict);
  CHECK(refused.outcome == Outcome::refused);
  CHECK(refused.error == TENON_ERROR_NOT_LEADER);
  const std::string bound = std::to_string(age.count() - 1);
  CHECK(refused.message.find("at most " + bound + " ms old") != std::string::npos);
  CHECK(refused.message.find("may be ") != std::string::npos);
}

TEST_CASE("a stale read that has asked the leader is refused when the leader is lost, and not left to wait") {
  Cluster cluster;
  put(cluster, cluster.elect(), "1");
  Machine& follower = cluster.follower();
  cluster.pass(milliseconds(500));
  const std::uint64_t get = follower.get("a", Consistency::stale, milliseconds(1));
  cluster.advance(milliseconds(40));
  run(cluster, follower);
  CHECK_FALSE(follower.answered(get));
  lose_leader(cluster, follower, milliseconds(2000));
  run(cluster, follower);
  CHECK(follower.recorder.answers.at(get).error == TENON_ERROR_NOT_LEADER);
}

TEST_CASE("a state that is too old for a read is made new by asking the leader") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  put(cluster, leader, "1");
  Machine& follower = cluster.follower();
  cluster.pass(milliseconds(500));
  cluster.advance(milliseconds(40));
  const std::uint64_t get = follower.get("a", Consistency::stale, milliseconds(1));
  run(cluster, follower);
  CHECK_FALSE(follower.answered(get));
  cluster.pass(milliseconds(100));
  CHECK(follower.found(get) == "1");
  CHECK(was(last_served(follower), ReadWay::stale, ReadWay::linearizable));
}

TEST_CASE("a node that was stopped between the look at its age and the answer does not give what has become too old") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  put(cluster, leader, "old");
  Machine& follower = cluster.follower();
  cluster.pass(std::chrono::seconds(2));
  const std::uint64_t get = follower.get("a", Consistency::stale, milliseconds(1500));
  follower.recorder.now_at_answers = cluster.now.steady + std::chrono::seconds(2);
  run(cluster, follower);
  follower.recorder.now_at_answers.reset();
  CHECK_FALSE(follower.answered(get));
  cluster.cut.insert(follower.settings.raft.self);
  put(cluster, *cluster.leader(), "new");
  cluster.cut.clear();
  cluster.pass(milliseconds(300));
  CHECK(follower.found(get) == "new");
}

TEST_CASE("a leader knows by its heartbeats how old its state is") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  put(cluster, leader, "1");
  cluster.pass(milliseconds(300));
  const std::uint64_t get = leader.get("a", Consistency::stale, milliseconds(100));
  run(cluster, leader);
  CHECK(leader.found(get) == "1");
  CHECK(was(last_served(leader), ReadWay::stale, ReadWay::stale));
}

TEST_CASE("a stale read after writes sees them, though this node has not applied them yet") {
  Cluster cluster;
  cluster.elect();
  Machine& follower = cluster.follower();
  const std::uint64_t put = follower.put("a", "1");
  follower.node->submit({{1, ++follower.last_request},
                         Access::read,
                         Ordering::after_writes,
                         Forwarding::allowed,
                         encoded({TENON_GET, 0, "a", {}, {}, {}, 0, 0}),
                         follower.now.steady + follower.timeout,
                         nullptr,
                         Consistency::stale,
                         std::nullopt});
  const std::uint64_t get = follower.last_request;
  run(cluster, follower);
  CHECK_FALSE(follower.answered(get));
  cluster.pass(milliseconds(100));
  CHECK(follower.recorder.answers.at(put).outcome == Outcome::done);
  CHECK(follower.found(get) == "1");
}

TEST_CASE("a read through the log is an entry of it, on every node") {
  Cluster cluster;
  Machine& leader = cluster.elect();
  put(cluster, leader, "1");
  for (const raft::Member& member : kThree.members) {
    Machine& machine = cluster.at(member.id);
    const LogIndex before = leader.node->status().last_index;
    const std::uint64_t revision = leader.node->status().revision;
    const std::uint64_t get = machine.get_through_log("a");
    cluster.pass(milliseconds(100));
    CHECK(machine.found(get) == "1");
    CHECK(was(last_served(machine), ReadWay::log, ReadWay::log));
    CHECK(leader.node->status().last_index == before.next());
    CHECK(leader.node->status().revision == revision);
  }
}

TEST_CASE("a read through the log that is given up has failed, and its outcome is not unknown") {
  for (const bool on_leader : {true, false}) {
    Cluster cluster;
    Machine& leader = cluster.elect();
    put(cluster, leader, "1");
    Machine& machine = on_leader ? leader : cluster.follower();
    const std::uint64_t get = machine.get_through_log("a");
    const std::uint64_t write = machine.put("a", "2");
    run(cluster, machine);  // on its way, to the disk or to the leader
    cluster.advance(std::chrono::seconds(6));
    run(cluster, machine);
    CHECK(machine.recorder.answers.at(get).outcome == Outcome::refused);
    CHECK(machine.recorder.answers.at(get).error == TENON_ERROR_TIMEOUT);
    CHECK(machine.recorder.answers.at(write).outcome == Outcome::unknown);
  }
}

TEST_CASE("a state is as old as the question was whose answer it has applied") {
  StateAge age;
  const Instant start(std::chrono::hours(1));
  const auto at = [&](int milliseconds) { return start + std::chrono::milliseconds(milliseconds); };
  CHECK_FALSE(age.as_of().has_value());
  age.confirmed(at(10), LogIndex(5));
  CHECK_FALSE(age.as_of().has_value());
  age.confirmed(at(20), LogIndex(7));
  age.applied(LogIndex(6));
  CHECK(age.as_of() == at(10));
  age.confirmed(at(5), LogIndex(6));  // a late answer makes nothing older
  CHECK(age.as_of() == at(10));
  age.confirmed(at(30), LogIndex(7));
  age.applied(LogIndex(7));
  CHECK(age.as_of() == at(30));
  age.confirmed(at(40), LogIndex(3));
  CHECK(age.as_of() == at(40));
}

TEST_CASE("a node that applies slowly still learns how old its state is") {
  StateAge age;
  const Instant start(std::chrono::hours(1));
  for (std::uint64_t i = 1; i <= 1000; ++i) age.confirmed(start + milliseconds(i), LogIndex(i));
  age.applied(LogIndex(1));
  CHECK(age.as_of() == start + milliseconds(1));
  age.applied(LogIndex(1000));
  CHECK(age.as_of() >= start + milliseconds(63));
}

}  // namespace
}  // namespace tenon::node
