// SPDX-License-Identifier: MIT
// The service Maintenance through the client that Thrift generates: what the node is asked, and what the client gets.
#include "Maintenance.h"
#include "support/catch.hpp"
#include "thrift_client.hpp"

using namespace tenon::api_thrift;
namespace api = tenon::thrift_api;

TEST_CASE("what maintains a node is asked as admin verbs, and bytes come as they are") {
  const std::string bytes("a\n\nb\0c", 6);
  Answering node({.results = {{.records = {{.key = "snapshot_read",
                                            .value = "id 00ff\nindex 9\nsnapshot_bytes 100\noffset 3\ncommit_index "
                                                     "12\ncommit_term 4\n\n" +
                                                     bytes}}}}});
  api::MaintenanceClient maintenance(
      std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(node.client.binary, "Maintenance"));
  api::ReadSnapshotReply part;
  api::ReadSnapshotRequest wanted;
  wanted.__set_offset(3);
  maintenance.readSnapshot(part, wanted);
  CHECK(node.asked().operations.at(0).kind == TENON_ADMIN);
  CHECK(node.asked().operations.at(0).key == "snapshot_read");
  CHECK(node.asked().operations.at(0).value == "newest 3");
  CHECK(part.id == "00ff");
  CHECK(part.index == 9);
  CHECK(part.snapshot_bytes == 100);
  CHECK(part.offset == 3);
  CHECK(part.bytes == bytes);
  wanted.__set_id("00ff");
  maintenance.readSnapshot(part, wanted);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).value == "00ff 3");
  api::ReadLogReply log;
  api::ReadLogRequest behind;
  behind.__set_cluster_id("a cluster");
  behind.__set_previous_index(7);
  behind.__set_previous_term(2);
  maintenance.readLog(log, behind);
  CHECK(node.plugin.node().wait_for_requests(3).back().operations.at(0).key == "log_read");
  CHECK(node.plugin.node().wait_for_requests(3).back().operations.at(0).value == "7 2 0 a cluster");
  CHECK(log.commit_index == 12);
  CHECK(log.commit_term == 4);
  CHECK(log.records == bytes);
}

TEST_CASE("compactLog and getLog read the log") {
  Answering node({.results = {{.records = {{.key = "compact",
                                            .value = "applied_index 12\nfirst_index 5\nlog_bytes 900\ncompacting "
                                                     "yes\nbeing_taken yes\n"}}}}});
  api::MaintenanceClient maintenance(
      std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(node.client.binary, "Maintenance"));
  api::LogReply reply;
  maintenance.compactLog(reply);
  CHECK(node.asked().operations.at(0).key == "compact");
  CHECK(reply.applied_index == 12);
  CHECK(reply.first_index == 5);
  CHECK(reply.log_bytes == 900);
  CHECK(reply.compacting);
  CHECK(reply.being_taken);
  maintenance.getLog(reply);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).key == "snapshot");
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).value == "list");
}

TEST_CASE("changeMembers asks for a change in its own words, and what came of it is read with every warning") {
  Answering node({.results = {{.records = {{.key = "member_change",
                                            .value = "node 4\nstanding learner\nmissing_bytes 9\ntext node 4 is a "
                                                     "learner\nwarning one\nwarning two of them\nlater 1\n"}}}}});
  api::MaintenanceClient maintenance(
      std::make_shared<apache::thrift::protocol::TMultiplexedProtocol>(node.client.binary, "Maintenance"));
  auto ask = [&, count = std::size_t{0}](api::ChangeMembersRequest request) mutable {
    api::ChangeMembersReply reply;
    maintenance.changeMembers(reply, request);
    const auto asked = node.plugin.node().wait_for_requests(++count).back().operations.at(0);
    CHECK(reply.node == 4);
    CHECK(reply.standing == "learner");
    CHECK(reply.missing_bytes == 9);
    CHECK(reply.text == "node 4 is a learner");
    CHECK(reply.warnings == std::vector<std::string>{"one", "two of them"});
    return asked.key + " " + asked.value;
  };
  api::ChangeMembersRequest request;
  request.__set_change(api::MemberChange::ADD);
  request.__set_node(4);
  request.__set_addresses({"thrift://d:1", "ws://d:2"});
  request.__set_stays_learner(true);
  CHECK(ask(request) == "member_add 4 thrift://d:1|ws://d:2 learner");
  request.__set_change(api::MemberChange::REPLACE);
  request.__set_replaced(2);
  CHECK(ask(request) == "member_replace 2 4 thrift://d:1|ws://d:2");
  request.__set_change(api::MemberChange::PROMOTE);
  CHECK(ask(request) == "member_promote 4");
  request.__set_change(api::MemberChange::REMOVE);
  request.__set_force(true);
  CHECK(ask(request) == "member_remove 4 force");
  api::ChangeMembersReply reply;
  request.__set_node(0);
  CHECK_THROWS_AS(maintenance.changeMembers(reply, request), api::TenonError);
  request.__set_node(4);
  request.__set_change(api::MemberChange::ADD);
  request.__set_addresses({"thrift://d:1|ws://d:2"});
  CHECK_THROWS_AS(maintenance.changeMembers(reply, request), api::TenonError);
  request.__set_addresses({});
  CHECK_THROWS_AS(maintenance.changeMembers(reply, request), api::TenonError);
}
