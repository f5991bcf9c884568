// SPDX-License-Identifier: MIT
// What a node is told about its removal when it asks how it stands.
#include "cluster.hpp"

namespace tenon::node {
namespace {

// A cluster of three in which one of the followers is removed, and asks.
struct Removal : Cluster {
  Removal() {
    // Whatever acknowledges the entry that leaves it out is lost while the removal is to stay open.
    drops = [this](const wire::Body& body) {
      const auto* notice = std::get_if<wire::StandingNotice>(&body);
      if (notice != nullptr && notice->kind == wire::StandingNotice::Kind::removed) ++told;
      const auto* message = std::get_if<raft::Message>(&body);
      const bool is_acknowledgement = message != nullptr && std::holds_alternative<raft::AppendAccepted>(*message);
      return stays_open && is_acknowledgement && is_left_out(first);
    };
  }
  bool is_left_out(Machine& by) const {
    return by.node->status().membership.find(leaving.settings.raft.self) == nullptr;
  }
  void remove() {
    const MemberChangeWanted wanted{MemberChangeWanted::Kind::remove, leaving.settings.raft.self, {}, {}, false, true};
    first.node->ask({{1, 1'000'000}, wanted});
    for (int i = 0; i < 200 && !(is_left_out(first) && is_left_out(other)); ++i) pass(milliseconds(5));
    REQUIRE((is_left_out(first) && is_left_out(other)));
  }
  // Its question comes to one that stays.
  void ask(Machine& whom) {
    const NodeId self = leaving.settings.raft.self;
    const wire::StandingRequest request{self, leaving.settings.incarnation, false, {"x://leaving:1"}};
    const wire::Envelope envelope{"machines", self, leaving.settings.incarnation, whom.settings.raft.self};
    whom.node->receive(self, std::make_shared<const std::string>(wire::encode_frame(envelope, request).head));
    pass(milliseconds(50));
  }

  Machine& first = elect();
  Machine& leaving = follower();
  Machine& other = *[this] {
    Machine* found = nullptr;
    for (const raft::Member& member : kThree.members) {
      Machine& machine = at(member.id);
      if (&machine != &first && &machine != &leaving) found = &machine;
    }
    return found;
  }();
  bool stays_open = true;
  int told = 0;
};

TEST_CASE("a node is told that it was removed once that is decided, and not before, by whomever it asks") {
  Removal cluster;
  cluster.remove();
  Machine& asked = GENERATE(false, true) ? cluster.first : cluster.other;
  REQUIRE(asked.node->status().commit_index < asked.node->raft().log().membership_index());
  cluster.ask(asked);
  CHECK(cluster.told == 0);
  cluster.stays_open = false;
  cluster.pass(milliseconds(500));
  REQUIRE(asked.node->status().commit_index >= asked.node->raft().log().membership_index());
  cluster.ask(asked);
  CHECK(cluster.told == 1);
}

}  // namespace
}  // namespace tenon::node
