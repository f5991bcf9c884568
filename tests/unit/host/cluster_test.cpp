// SPDX-License-Identifier: MIT
// Three nodes with their threads, over storages in memory and a network within the process.
#include "fake_logger.hpp"
#include "host/node_thread.hpp"
#include "host/peer_host.hpp"
#include "host/storage_session.hpp"
#include "loopback_network.hpp"
#include "running_node.hpp"
#include "support/catch.hpp"
#include "support/memory_storage.hpp"
#include "support/validated_storage.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;

std::string place_of(std::uint64_t node) { return "host" + std::to_string(node) + ":7101"; }

class Member {
 public:
  Member(std::uint64_t id, MemoryStorage& storage, LoopbackNetwork& network)
      : id_(id),
        validated_(*storage.table(), storage.self()),
        directory_(raft::NodeId(id)),
        node_({raft::NodeId(id), "cluster", "1.2.3"}, directory_, logger_, metrics_, [](const std::string&) {}),
        clients_(RequestLimits(), node_, directory_, metrics_),
        peers_(directory_, node_, metrics_) {
    const node::StoragePort port{validated_.table(), validated_.self()};
    session_ = std::make_unique<StorageSession>(port, logger_);
    const raft::Membership members{{{raft::NodeId(1)}, {raft::NodeId(2)}, {raft::NodeId(3)}}};
    node::Recovered recovered = session_->boot({members, 64u << 20, "cluster"}, [] { return false; });
    node::Settings settings;
    settings.raft.self = raft::NodeId(id);
    settings.raft.heartbeat_interval = std::chrono::milliseconds(30);
    settings.raft.election_timeout_min = std::chrono::milliseconds(200);
    settings.raft.election_timeout_max = std::chrono::milliseconds(400);
    settings.cluster_id = "cluster";
    settings.incarnation = {static_cast<std::uint8_t>(id), 1};
    peers_.introduce_self(settings.incarnation, {"thrift://" + place_of(id)});
    peers_.start(network.port(id));
    for (std::uint64_t peer = 1; peer <= 3; ++peer) {
      if (peer != id) peers_.set_peer(raft::NodeId(peer), {"loopback://node" + std::to_string(peer)});
    }
    session_->connect(node_);
    node_.start(settings, std::move(recovered), id, port, peers_, clients_);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    node_.stop();
    peers_.stop();
    session_.reset();
  }

  std::uint64_t id() const noexcept { return id_; }
  NodeThread& node() noexcept { return node_; }
  ClientHost& clients() noexcept { return clients_; }
  const FakeLogger& logger() const noexcept { return logger_; }

 private:
  const std::uint64_t id_;
  support::ValidatedStorage validated_;
  FakeLogger logger_;
  Metrics metrics_;
  PeerDirectory directory_;
  NodeThread node_;
  ClientHost clients_;
  PeerHost peers_;
  std::unique_ptr<StorageSession> session_;
};

struct Cluster {
  Cluster() {
    for (std::uint64_t id = 1; id <= 3; ++id) {
      storages.push_back(std::make_unique<MemoryStorage>(MemoryStorage::Mode::threaded));
      members.push_back(std::make_unique<Member>(id, *storages.back(), network));
    }
  }
  Member& at(std::uint64_t id) { return *members[id - 1]; }
  // The leader that every node knows, other than `not_this`.
  Member& wait_for_leader(std::uint64_t not_this = 0) {
    std::uint64_t leader = 0;
    eventually([&] {
      leader = at(1).node().status().leader.value();
      if (leader == 0 || leader == not_this) return false;
      for (const auto& member : members) {
        if (member->node().status().leader.value() != leader) return false;
      }
      return at(leader).node().status().role == raft::RoleName::leader;
    });
    return at(leader);
  }
  Member& other_than(std::uint64_t id) { return at(id % 3 + 1); }

  LoopbackNetwork network;
  std::vector<std::unique_ptr<MemoryStorage>> storages;
  std::vector<std::unique_ptr<Member>> members;
};

Ended ask(Member& member, const tenon_operation& operation, std::uint32_t flags = 0,
          std::uint64_t timeout_ms = 30'000) {
  TestQueue queue(member.clients(), 4);
  tenon_request asked = request(0, {&operation, 1});
  asked.flags = flags;
  asked.timeout_ms = timeout_ms;
  const std::optional<std::uint64_t> id = queue.submit(asked);
  REQUIRE(id.has_value());
  queue.wait_for(1);
  queue.destroy();
  return queue.ended.at(*id);
}

TEST_CASE("three nodes elect a leader, and what is written through one is read through every other") {
  Cluster cluster;
  cluster.wait_for_leader();
  for (const auto& member : cluster.members) {
    const std::string key = "k" + std::to_string(member->id());
    CHECK(ask(*member, put(key, "v")).outcome == TENON_OUTCOME_DONE);
    for (const auto& reader : cluster.members) {
      CAPTURE(member->id(), reader->id());
      CHECK(ask(*reader, get(key)).values == std::vector<std::string>{"v"});
    }
  }
}

TEST_CASE("a node that must not forward refuses a write, and says where the leader serves this API") {
  Cluster cluster;
  const std::uint64_t leader = cluster.wait_for_leader().id();
  const Ended refused = ask(cluster.other_than(leader), put("k", "v"), TENON_REQUEST_NO_FORWARD);
  CHECK(refused.outcome == TENON_OUTCOME_REFUSED);
  CHECK(refused.error == TENON_ERROR_NOT_LEADER);
  CHECK(refused.leader == leader);
  CHECK(refused.leader_address == place_of(leader));
  CHECK(ask(cluster.at(leader), put("k", "v"), TENON_REQUEST_NO_FORWARD).outcome == TENON_OUTCOME_DONE);
}

TEST_CASE("leadership goes where it is sent, and a node that does not lead refuses to send it") {
  Cluster cluster;
  const std::uint64_t leader = cluster.wait_for_leader().id();
  Member& target = cluster.other_than(leader);
  const Ended refused = ask(target, admin("leader_transfer", "1"));
  CHECK(refused.error == TENON_ERROR_NOT_LEADER);
  CHECK(refused.leader_address == place_of(leader));
  for (const char* bad : {"9", "x", "-1", "18446744073709551616"}) {
    CHECK(ask(cluster.at(leader), admin("leader_transfer", bad)).error == TENON_ERROR_INVALID);
  }
  CHECK(ask(cluster.at(leader), admin("leader_transfer", std::to_string(leader))).error == TENON_ERROR_INVALID);
  const Ended taken = ask(cluster.at(leader), admin("leader_transfer", std::to_string(target.id())));
  CHECK(taken.outcome == TENON_OUTCOME_DONE);
  CHECK(cluster.wait_for_leader(leader).id() == target.id());
  CHECK(ask(cluster.at(leader), put("k", "v")).outcome == TENON_OUTCOME_DONE);
}

TEST_CASE("the leader's members show lanes, addresses and progress of every follower") {
  Cluster cluster;
  Member& leader = cluster.wait_for_leader();
  std::string text;
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  eventually([&] {
    text = ask(leader, admin("members")).values.at(0);
    return count(" progress=replicate missing_bytes=0\n") == 2;
  });
  INFO(text);
  CHECK(count("is_leader=yes") == 1);
  CHECK(count("is_leader=no") == 2);
  CHECK(count(" control=loopback bulk=loopback ") == 2);
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK(count(" clients=thrift://" + place_of(id) + " ") == 1);
  const Ended known = ask(cluster.other_than(leader.id()), admin("leader"));
  CHECK(known.values.at(0).starts_with("leader " + std::to_string(leader.id()) + "\n"));
  CHECK(known.values.at(0).ends_with("\nclient_address thrift://" + place_of(leader.id()) + "\n"));
}

TEST_CASE("a leader that is cut off is replaced, writes nothing, and follows when it is back") {
  Cluster cluster;
  const std::uint64_t old = cluster.wait_for_leader().id();
  CHECK(ask(cluster.at(old), put("k", "before")).outcome == TENON_OUTCOME_DONE);
  cluster.network.isolate(old);
  const Ended lost = ask(cluster.at(old), put("k", "lost"), 0, 1'000);
  CHECK(lost.outcome != TENON_OUTCOME_DONE);
  Member& other = cluster.other_than(old);
  eventually([&] {
    const std::uint64_t leader = other.node().status().leader.value();
    return leader != 0 && leader != old;
  });
  CHECK(ask(other, put("k", "after")).outcome == TENON_OUTCOME_DONE);
  cluster.network.heal(old);
  cluster.wait_for_leader(old);
  CHECK(ask(cluster.at(old), get("k")).values == std::vector<std::string>{"after"});
  bool said = false;
  for (const std::string& line : cluster.at(old).logger().lines()) {
    said = said || line.starts_with("raft: leads no more, term ");
  }
  CHECK(said);
}

TEST_CASE("a member that was stopped catches up with what was written meanwhile") {
  Cluster cluster;
  const std::uint64_t leader = cluster.wait_for_leader().id();
  const std::uint64_t away = leader % 3 + 1;
  cluster.members[away - 1].reset();
  for (int i = 0; i < 20; ++i)
    CHECK(ask(cluster.at(leader), put("k", std::to_string(i))).outcome == TENON_OUTCOME_DONE);
  cluster.members[away - 1] = std::make_unique<Member>(away, *cluster.storages[away - 1], cluster.network);
  CHECK(ask(cluster.at(away), get("k")).values == std::vector<std::string>{"19"});
}

}  // namespace
}  // namespace tenon::host
