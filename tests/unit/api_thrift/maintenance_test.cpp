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
