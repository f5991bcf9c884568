// SPDX-License-Identifier: MIT
#include "host/status_text.hpp"

#include "support/catch.hpp"

namespace tenon::host {
namespace {

const Identity kIdentity{raft::NodeId(1), "cluster", "1.2.3"};

node::Status leading() {
  node::Status status;
  status.role = raft::RoleName::leader;
  status.term = raft::Term(4);
  status.leader = raft::NodeId(1);
  status.membership.members = {{raft::NodeId(1), {0x0a, 0xff}}, {raft::NodeId(2), {}}, {raft::NodeId(3), {}}};
  status.membership.members[1].takes_place_of = raft::NodeId(3);
  status.membership.members[1].standing = raft::Standing::learner;
  status.membership.members[2].addresses = {"thrift://three:7201"};
  status.lags = {{raft::NodeId(2), 17, true}, {raft::NodeId(3), 0, false}};
  status.peers = {{raft::NodeId(2), raft::ProgressState::replicate, raft::LogIndex(7), raft::LogIndex(9)},
                  {raft::NodeId(3), raft::ProgressState::probe, raft::LogIndex(0), raft::LogIndex(8)}};
  return status;
}

std::vector<KnownNode> known() {
  return {{raft::NodeId(1), {"thrift://one:7201"}, {"thrift://one:7101"}, raft::Incarnation{1}, {}},
          {raft::NodeId(2),
           {"thrift://two:7201", "ws://two:7301"},
           {"thrift://two:7101", "http://two:8080"},
           {},
           {"thrift", ""}}};
}

TEST_CASE("members are a line each, with what the leader knows of its followers") {
  CHECK(members_text(kIdentity, leading(), known()) ==
        "id=1 incarnation=0aff0000000000000000000000000000 is_leader=yes addresses=thrift://one:7201 "
        "clients=thrift://one:7101 control=- bulk=- standing=voter aim=-\n"
        "id=2 incarnation=- is_leader=no addresses=thrift://two:7201|ws://two:7301 "
        "clients=thrift://two:7101|http://two:8080 control=thrift bulk=- standing=learner aim=replaces:3 "
        "match_index=7 next_index=9 progress=replicate missing_bytes=17\n"
        "id=3 incarnation=- is_leader=no addresses=thrift://three:7201 clients=- control=- bulk=- standing=voter aim=- "
        "match_index=0 next_index=8 progress=probe missing_bytes=0\n");
}

TEST_CASE("the leader is named with its term and where it serves clients") {
  node::Status status = leading();
  status.leader = raft::NodeId(2);
  CHECK(leader_text(status, known()) ==
        "leader 2\nterm 4\nclient_address thrift://two:7101\nclient_address http://two:8080\n");
  status.leader = raft::NodeId();
  CHECK(leader_text(status, known()) == "leader 0\nterm 4\n");
}

TEST_CASE("status counts the members, and says how this node stands") {
  node::Status status = leading();
  CHECK(status_text(kIdentity, status, {}).find("\nmembers 3\nlearners 1\nstanding voter\n") != std::string::npos);
  status.own_standing = {node::OwnStanding::Place::refused, {}, "its disk is another"};
  CHECK(status_text(kIdentity, status, {}).find("\nstanding refused\nstanding_text its disk is another\n") !=
        std::string::npos);
}

TEST_CASE("status tells the end of the log, the size of the newest image, and what waits") {
  node::Status status = leading();
  status.last_index = raft::LogIndex(9);
  status.last_term = raft::Term(3);
  status.images.index = raft::LogIndex(5);
  status.images.bytes = 77;
  const std::string text = status_text(kIdentity, status, {.uptime = 1, .mail = 2, .sync = 3});
  CHECK(text.find("\nlast_index 9\nlast_term 3\n") != std::string::npos);
  CHECK(text.find("\nsnapshot_index 5\nsnapshot_bytes 77\n") != std::string::npos);
  CHECK(text.ends_with("\nuptime_ms 1\nmail_age_ms 2\nsync_age_ms 3\n"));
}

TEST_CASE("a change of the members is read from its words, and refused when they are others") {
  using Kind = node::MemberChangeWanted::Kind;
  const auto added = parse_member_change("member_add", "4 thrift://d:1|ws://d:2 learner");
  REQUIRE(added.has_value());
  CHECK(added->kind == Kind::add);
  CHECK(added->node == raft::NodeId(4));
  CHECK(added->addresses == std::vector<std::string>{"thrift://d:1", "ws://d:2"});
  CHECK(added->stays_learner);
  const auto replaced = parse_member_change("member_replace", "2 5 thrift://e:1");
  REQUIRE(replaced.has_value());
  CHECK(replaced->kind == Kind::replace);
  CHECK(replaced->replaced == raft::NodeId(2));
  CHECK(replaced->node == raft::NodeId(5));
  const auto removed = parse_member_change("member_remove", "3 force");
  REQUIRE(removed.has_value());
  CHECK(removed->kind == Kind::remove);
  CHECK(removed->is_forced);
  for (const auto& [verb, argument] :
       std::vector<std::pair<std::string, std::string>>{{"member_add", "4"},
                                                        {"member_add", "4 nowhere"},
                                                        {"member_add", "0 thrift://d:1"},
                                                        {"member_promote", ""},
                                                        {"member_remove", "3 4"},
                                                        {"member_replace", "2 thrift://e:1"},
                                                        {"member_rename", "2"}}) {
    INFO(verb << " " << argument);
    CHECK_FALSE(parse_member_change(verb, argument).has_value());
  }
}

TEST_CASE("what a change has come to is a line each, with every warning") {
  node::MemberChangeDone done{raft::NodeId(4), raft::Standing::learner, 9, "node 4 is a learner", {"one", "two"}};
  CHECK(member_change_text(done) ==
        "node 4\nstanding learner\nmissing_bytes 9\ntext node 4 is a learner\nwarning one\nwarning two\n");
  done = {raft::NodeId(4), std::nullopt, std::nullopt, "gone", {}};
  CHECK(member_change_text(done) == "node 4\nstanding -\ntext gone\n");
}

TEST_CASE("status says what suffers faults on purpose") {
  CHECK(status_text(kIdentity, leading(), {}).find("\nfaults none\n") != std::string::npos);
  const Identity suffering{raft::NodeId(1), "cluster", "1.2.3", "storage"};
  CHECK(status_text(suffering, leading(), {}).find("\nfaults storage\n") != std::string::npos);
}

TEST_CASE("a transfer names its target and the term that it ends") {
  CHECK(leader_transfer_text(leading(), raft::NodeId(3)) == "target 3\nterm 4\n");
}

}  // namespace
}  // namespace tenon::host
