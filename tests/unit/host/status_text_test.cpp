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
        "clients=thrift://one:7101 control=- bulk=-\n"
        "id=2 incarnation=- is_leader=no addresses=thrift://two:7201|ws://two:7301 "
        "clients=thrift://two:7101|http://two:8080 control=thrift bulk=- match_index=7 next_index=9 "
        "progress=replicate\n"
        "id=3 incarnation=- is_leader=no addresses=- clients=- control=- bulk=- match_index=0 next_index=8 "
        "progress=probe\n");
}

TEST_CASE("the leader is named with its term and where it serves clients") {
  node::Status status = leading();
  status.leader = raft::NodeId(2);
  CHECK(leader_text(status, known()) ==
        "leader 2\nterm 4\nclient_address thrift://two:7101\nclient_address http://two:8080\n");
  status.leader = raft::NodeId();
  CHECK(leader_text(status, known()) == "leader 0\nterm 4\n");
}

TEST_CASE("status counts the members") {
  CHECK(status_text(kIdentity, leading(), 5).find("\nmembers 3\n") != std::string::npos);
}

TEST_CASE("status says what suffers faults on purpose") {
  CHECK(status_text(kIdentity, leading(), 5).find("\nfaults none\n") != std::string::npos);
  const Identity suffering{raft::NodeId(1), "cluster", "1.2.3", "storage"};
  CHECK(status_text(suffering, leading(), 5).find("\nfaults storage\n") != std::string::npos);
}

TEST_CASE("a transfer names its target and the term that it ends") {
  CHECK(leader_transfer_text(leading(), raft::NodeId(3)) == "target 3\nterm 4\n");
}

}  // namespace
}  // namespace tenon::host
