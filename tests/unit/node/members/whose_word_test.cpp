// SPDX-License-Identifier: MIT
// Whom a node follows that has joined: only who names its data directory, until its own log does.
#include "cluster.hpp"
#include "support/catch.hpp"

namespace tenon::node {
namespace {

const raft::Incarnation kEmptied{77};
const raft::Incarnation kAnother{78};

// The disk of this machine is another, empty one, on which it waits to be taken in.
void empty(Machine& machine) {
  machine.storage.log.clear();
  machine.storage.hard_state.clear();
  machine.settings.incarnation = kEmptied;
  machine.settings.joins = true;
  machine.restart();
}

// A leader of three that has never heard node 3, and commits with node `heard`.
struct Unheard {
  Unheard() {
    cluster.cut = {NodeId(3)};
    leader = &cluster.elect();
    heard = NodeId(3 - leader->settings.raft.self.value());
    REQUIRE(leader->node->raft().membership().find(heard)->incarnation == cluster.at(heard).settings.incarnation);
  }
  raft::Incarnation known() const { return leader->node->raft().membership().find(NodeId(3))->incarnation; }

  Cluster cluster;
  Machine* leader = nullptr;
  NodeId heard;
};

TEST_CASE("a leader that knows a voter by no directory does not commit by an emptied one of its number") {
  Unheard f;
  REQUIRE(f.known() == raft::Incarnation{});
  Machine& emptied = f.cluster.at(NodeId(3));
  empty(emptied);
  f.cluster.cut = {f.heard};
  const std::uint64_t put = f.leader->put("a", "1");
  f.cluster.pass(milliseconds(600));  // less than what makes a leader step down
  REQUIRE(f.leader->node->status().role == RoleName::leader);
  CHECK_FALSE(f.leader->answered(put));
  CHECK(emptied.node->raft().log().last_index() == LogIndex());
  const std::vector<FrameDrop>& drops = emptied.recorder.frame_drops;
  CHECK(std::count(drops.begin(), drops.end(), FrameDrop::unnamed_directory) > 0);
  f.cluster.cut.clear();
  f.cluster.pass(milliseconds(300));
  CHECK(f.leader->answered(put));
  CHECK(f.known() == raft::Incarnation{});  // nor does it come to be taken for that voter
}

TEST_CASE("a leader that knows a voter by no directory steps down though an emptied one of its number hears it") {
  Unheard f;
  empty(f.cluster.at(NodeId(3)));
  f.cluster.cut = {f.heard};
  f.cluster.pass(milliseconds(1'500));
  CHECK(f.leader->node->status().role != RoleName::leader);
}

TEST_CASE("a founder whose directory nobody knows yet follows, and is known then") {
  Unheard f;
  f.cluster.cut = {f.heard};
  const std::uint64_t put = f.leader->put("a", "1");
  f.cluster.pass(milliseconds(300));
  CHECK(f.leader->answered(put));
  CHECK(f.known() == f.cluster.at(NodeId(3)).settings.incarnation);
}

// An empty node 3 that has joined, and what node 1 says to it.
struct Joined {
  Joined() : machine(NodeId(3)) { empty(machine); }
  // How often it was dropped so.
  template <class Body>
  std::vector<FrameDrop> hear(const Body& body, const raft::Incarnation& meant) {
    machine.recorder.frame_drops.clear();
    const wire::OutgoingFrame frame = wire::encode_frame({"machines", NodeId(1), {1}, NodeId(3), meant}, body);
    std::string whole = frame.head;
    for (const raft::Payload& part : frame.data) whole += part.bytes;
    machine.node->receive(NodeId(1), std::make_shared<const std::string>(std::move(whole)));
    machine.settle();
    return machine.recorder.frame_drops;
  }
  bool has_acknowledged() const {
    return std::any_of(machine.peers.sent.begin(), machine.peers.sent.end(), [](const ManualPeers::Sent& sent) {
      const auto body = std::get<wire::DecodedFrame>(wire::decode_frame(sent.frame)).body;
      const auto* message = std::get_if<raft::Message>(&body);
      return message != nullptr && std::holds_alternative<raft::AppendAccepted>(*message);
    });
  }
  Machine machine;
};

using Drops = std::vector<FrameDrop>;

// Of a leader in term 2; the entry is a membership that knows node 3 so.
raft::Message append(std::uint64_t index, const raft::Incarnation& known) {
  raft::Append append{Term(2), LogIndex(index - 1), Term(index == 1 ? 0 : 2), LogIndex(), {}};
  const auto data = std::make_shared<const std::string>(
      wire::encode_membership({{{NodeId(1), {1}}, {NodeId(3), known, {}, raft::Standing::learner, NodeId(3)}}}));
  append.entries.push_back({LogIndex(index), Term(2), raft::EntryKind::membership, {data, *data}});
  return append;
}

TEST_CASE("a node that has joined takes from a leader only what names its directory, until its log does") {
  for (const raft::Message& said : {append(1, {}), raft::Message(raft::Heartbeat{Term(2), {}, 1}),
                                    raft::Message(raft::TimeoutNow{Term(2), LogIndex(), Term()})}) {
    Joined joined;
    CHECK(joined.hear(said, {}) == Drops{FrameDrop::unnamed_directory});
    CHECK(joined.hear(said, kAnother) == Drops{FrameDrop::other_node});
    CHECK(joined.machine.node->term() == Term());
    CHECK(joined.hear(said, kEmptied).empty());
    CHECK(joined.machine.node->term() == Term(2));
  }
  Joined joined;
  CHECK(joined.hear(append(1, {}), kEmptied).empty());
  CHECK(joined.has_acknowledged());  // what is before the entry that names it, without which it could not catch up
  CHECK(joined.hear(append(2, kEmptied), {}) == Drops{FrameDrop::unnamed_directory});
  CHECK(joined.hear(append(2, kAnother), kEmptied).empty());
  CHECK(joined.hear(append(3, kEmptied), {}) == Drops{FrameDrop::unnamed_directory});
  CHECK(joined.hear(append(3, kEmptied), kEmptied).empty());
  CHECK(joined.hear(append(4, kEmptied), {}).empty());
  joined.machine.restart();
  CHECK(joined.hear(append(5, kEmptied), {}).empty());
}

TEST_CASE("a node that has joined hears candidates and answers, whoever they mean") {
  Joined joined;
  const raft::VoteRequest request{Term(2), raft::Ballot::vote, raft::Cause::timeout, LogIndex(1), Term(1)};
  CHECK(joined.hear(raft::Message(request), {}).empty());
  CHECK(joined.hear(raft::Message(raft::VoteReply{Term(2), raft::Ballot::vote, false}), kAnother).empty());
}

TEST_CASE("what a leader says names the directory of who is to hear it, and an answer names none") {
  Cluster cluster;
  cluster.elect();
  cluster.pass(milliseconds(100));
  const auto meant = [](const Machine& machine, bool of_leader) {
    std::map<NodeId, raft::Incarnation> found;
    for (const ManualPeers::Sent& sent : machine.peers.sent) {
      const auto frame = std::get<wire::DecodedFrame>(wire::decode_frame(sent.frame));
      const auto* message = std::get_if<raft::Message>(&frame.body);
      if (message != nullptr && raft::is_from_leader(*message) == of_leader) found[sent.to] = frame.envelope.meant;
    }
    return found;
  };
  Machine& leader = *cluster.leader();
  Machine& follower = cluster.follower();
  cluster.advance(milliseconds(60));
  leader.now = cluster.now;
  leader.run();
  const auto said = meant(leader, true);
  REQUIRE(said.size() == 2);
  for (const auto& [node, directory] : said) CHECK(directory == cluster.at(node).settings.incarnation);
  for (const ManualPeers::Sent& sent : leader.peers.sent) {
    if (sent.to == follower.settings.raft.self) follower.node->receive(leader.settings.raft.self, sent.frame);
  }
  follower.now = cluster.now;
  follower.run();
  const auto answered = meant(follower, false);
  REQUIRE(answered.size() == 1);
  CHECK(answered.begin()->second == raft::Incarnation{});
}

}  // namespace
}  // namespace tenon::node
