// SPDX-License-Identifier: MIT
// Every method through the client that Thrift generates: what the node is asked, and what the client gets.
#include "support/catch.hpp"
#include "thrift_client.hpp"

using namespace tenon::api_thrift;
namespace api = tenon::thrift_api;

namespace {

const std::string kBinary("\0\xff\n key", 7);

api::Operation get_of(const std::string& key) {
  api::GetRequest get;
  get.key = key;
  api::Operation operation;
  operation.__set_get(get);
  return operation;
}

}  // namespace

TEST_CASE("put carries key and value as they are and gives back what was there") {
  Answering node({.revision = 42,
                  .results = {{.records = {{.key = kBinary,
                                            .value = "old",
                                            .created = 3,
                                            .modified = 9,
                                            .version = 4,
                                            .kind = TENON_RECORD_PREVIOUS}}}}});
  api::PutRequest request;
  request.key = kBinary;
  request.value = std::string("\0v", 2);
  request.__set_return_previous(true);
  api::PutReply reply;
  node.client.kv.put(reply, request);
  const ScriptedRequest asked = node.asked();
  REQUIRE(asked.operations.size() == 1);
  CHECK(asked.operations[0].kind == TENON_PUT);
  CHECK(asked.operations[0].flags == TENON_WITH_PREVIOUS);
  CHECK(asked.operations[0].key == kBinary);
  CHECK(asked.operations[0].value == request.value);
  CHECK(reply.revision == 42);
  REQUIRE(reply.__isset.previous);
  CHECK(reply.previous.value == "old");
  CHECK(reply.previous.create_revision == 3);
  CHECK(reply.previous.mod_revision == 9);
  CHECK(reply.previous.version == 4);
}

TEST_CASE("get tells a record from none") {
  api::GetRequest request;
  request.key = "k";
  api::GetReply reply;
  Answering there({.revision = 5, .results = {{.records = {{.key = "k", .value = ""}}}}});
  there.client.kv_by_name.get(reply, request);
  CHECK(reply.revision == 5);
  REQUIRE(reply.__isset.record);
  CHECK(reply.record.__isset.value);
  CHECK(there.asked().operations.at(0).kind == TENON_GET);
  Answering absent({.revision = 6, .results = {{}}});
  reply = {};
  absent.client.kv.get(reply, request);
  CHECK(reply.revision == 6);
  CHECK_FALSE(reply.__isset.record);
}

TEST_CASE("remove says whether the key existed") {
  Answering node({.revision = 8, .results = {{.number = 1}}});
  api::RemoveRequest request;
  request.key = "k";
  api::RemoveReply reply;
  node.client.kv.remove(reply, request);
  CHECK(node.asked().operations.at(0).kind == TENON_DELETE);
  CHECK(node.asked().operations.at(0).flags == 0);
  CHECK(reply.removed);
  CHECK(reply.revision == 8);
  CHECK_FALSE(reply.__isset.previous);
}

TEST_CASE("scan takes a prefix or a range, and gives records, a cursor or a count") {
  Answering node({.revision = 3,
                  .results = {{.records = {{.key = "a", .value = "x"}, {.key = "b", .value = "y"}},
                               .number = 17,
                               .cursor = std::string("\0next", 5)}}});
  api::ScanRequest range;
  range.__set_first_key("a");
  range.__set_end_key("c");
  range.__set_limit(2);
  range.__set_limit_bytes(100);
  range.__set_cursor("from here");
  api::ScanReply reply;
  node.client.kv.scan(reply, range);
  const auto asked = node.asked().operations.at(0);
  CHECK(asked.kind == TENON_SCAN);
  CHECK(asked.flags == 0);
  CHECK(asked.key == "a");
  CHECK(asked.range_end == "c");
  CHECK(asked.limit == 2);
  CHECK(asked.limit_bytes == 100);
  CHECK(asked.cursor == "from here");
  REQUIRE(reply.records.size() == 2);
  CHECK(reply.records[1].value == "y");
  CHECK(reply.cursor == std::string("\0next", 5));
  CHECK_FALSE(reply.__isset.count);

  api::ScanRequest prefix;
  prefix.__set_prefix(kBinary);
  prefix.__set_keys_only(true);
  prefix.__set_count_only(true);
  reply = {};
  node.client.kv.scan(reply, prefix);
  const auto flags = node.plugin.node().wait_for_requests(2).back().operations.at(0).flags;
  CHECK(flags == (TENON_RANGE_PREFIX | TENON_SCAN_KEYS | TENON_SCAN_COUNT));
  CHECK(reply.count == 17);
  CHECK_FALSE(reply.records.at(0).__isset.value);
}

TEST_CASE("a transaction carries compares and both branches, and its replies are those of the branch that ran") {
  const bool succeeded = GENERATE(true, false);
  Answering node({.revision = 11,
                  .results = {{.records = {{.key = "k", .value = "seen"}}}, {.number = 1}},
                  .flags = succeeded ? 0u : static_cast<std::uint64_t>(TENON_COMPLETION_ELSE)});
  api::TransactionRequest request;
  api::Compare value;
  value.key = "k";
  value.target = api::CompareTarget::VALUE;
  value.relation = api::CompareRelation::NOT_EQUAL;
  value.__set_value("v");
  api::Compare version;
  version.key = "l";
  version.target = api::CompareTarget::MOD_REVISION;
  version.relation = api::CompareRelation::LESS;
  version.__set_number(7);
  request.compares = {value, version};
  api::RemoveRequest remove;
  remove.key = "r";
  api::Operation removal;
  removal.__set_remove(remove);
  request.operations = {get_of("k"), removal};
  request.__set_otherwise({get_of("other"), removal});
  api::TransactionReply reply;
  node.client.kv.transaction(reply, request);
  const ScriptedRequest asked = node.asked();
  REQUIRE(asked.compares.size() == 2);
  CHECK(asked.compares[0].what == TENON_COMPARE_VALUE);
  CHECK(asked.compares[0].relation == TENON_NOT_EQUAL);
  CHECK(asked.compares[0].value == "v");
  CHECK(asked.compares[1].what == TENON_COMPARE_MODIFIED);
  CHECK(asked.compares[1].relation == TENON_LESS);
  CHECK(asked.compares[1].number == 7);
  CHECK(asked.operations.at(1).kind == TENON_DELETE);
  CHECK(asked.otherwise.at(0).key == "other");
  CHECK(reply.succeeded == succeeded);
  REQUIRE(reply.replies.size() == 2);
  CHECK(reply.replies[0].get.record.value == "seen");
  CHECK(reply.replies[1].remove.removed);
}

TEST_CASE("a request that contradicts itself is refused without the node") {
  RunningPlugin plugin(at_once);
  Client client(plugin.port());
  api::ScanRequest scan;
  scan.__set_prefix("p");
  scan.__set_first_key("f");
  api::ScanReply scan_reply;
  api::TenonError error = error_of_call([&] { client.kv.scan(scan_reply, scan); });
  CHECK(error.code == api::ErrorCode::INVALID);
  CHECK(error.outcome == api::Outcome::REFUSED);
  api::ScanRequest negative;
  negative.__set_limit(-1);
  CHECK(error_of_call([&] { client.kv.scan(scan_reply, negative); }).message ==
        "limit is -1; expected 0 or a positive number");
  api::TransactionRequest empty_operation;
  empty_operation.operations.resize(1);
  api::TransactionReply reply;
  CHECK(error_of_call([&] { client.kv.transaction(reply, empty_operation); }).code == api::ErrorCode::UNSUPPORTED);
  api::TransactionRequest valueless;
  valueless.compares.resize(1);
  valueless.compares[0].target = api::CompareTarget::VALUE;
  valueless.compares[0].relation = api::CompareRelation::EQUAL;
  CHECK(error_of_call([&] { client.kv.transaction(reply, valueless); }).message == "a compare of VALUE has no value");
  client.kv.allowReordering();
  CHECK(plugin.node().submits().empty());
}

TEST_CASE("an outcome and its error reach the client with their message and the leader's address") {
  Answering node({.outcome = TENON_OUTCOME_REFUSED,
                  .error = TENON_ERROR_NOT_LEADER,
                  .message = "node 2 leads",
                  .leader = 2,
                  .leader_address = "10.0.0.2:7101"});
  api::PutReply reply;
  const api::TenonError error = error_of_call([&] { node.client.kv.put(reply, {}); });
  CHECK(error.code == api::ErrorCode::NOT_LEADER);
  CHECK(error.outcome == api::Outcome::REFUSED);
  CHECK(error.message == "node 2 leads");
  CHECK(error.leader_node == 2);
  CHECK(error.leader_address == "10.0.0.2:7101");
}

TEST_CASE("the error of one operation is the error of the call") {
  Answering node({.results = {{.error = TENON_ERROR_WRONG_TYPE}}});
  api::PutReply reply;
  const api::TenonError error = error_of_call([&] { node.client.kv.put(reply, {}); });
  CHECK(error.code == api::ErrorCode::WRONG_TYPE);
  CHECK(error.outcome == api::Outcome::DONE);
}

TEST_CASE("an answer that has not a result for each operation is no answer, and the plugin lives on") {
  const auto count = GENERATE(values<std::size_t>({0, 1, 3}));
  Answering node({.results = std::vector<ScriptedResult>(count)});
  std::vector<api::TenonError> errors;
  api::TransactionRequest transaction;
  transaction.operations = {get_of("k"), get_of("l")};
  api::TransactionReply transaction_reply;
  errors.push_back(error_of_call([&] { node.client.kv.transaction(transaction_reply, transaction); }));
  api::GetManyRequest several;
  several.keys = {"k", "l"};
  api::GetManyReply several_reply;
  errors.push_back(error_of_call([&] { node.client.kv.getMany(several_reply, several); }));
  api::PutReply reply;
  if (count != 1) errors.push_back(error_of_call([&] { node.client.kv.put(reply, {}); }));
  for (const api::TenonError& error : errors) {
    CHECK(error.code == api::ErrorCode::INTERNAL);
    CHECK(error.outcome == api::Outcome::UNKNOWN);
    CHECK(error.message.find("has " + std::to_string(count) + " results") != std::string::npos);
  }
}

TEST_CASE("status reads the node's lines, and keeps those that it does not know") {
  Answering node(
      {.results = {{.records = {{.key = "status",
                                 .value = "node_id 7\ncluster_id c with space\nrole leader\nterm 3\nleader 7\n"
                                          "commit_index 12\napplied_index 11\nrevision 10\nversion 0.1.0\n"
                                          "uptime_ms 99\nkeys 4\nfuture thing of later\nterm_of_x\n"}}}}});
  api::StatusReply reply;
  node.client.cluster.status(reply);
  CHECK(node.asked().operations.at(0).kind == TENON_ADMIN);
  CHECK(node.asked().operations.at(0).key == "status");
  CHECK(reply.node_id == 7);
  CHECK(reply.cluster_id == "c with space");
  CHECK(reply.role == "leader");
  CHECK(reply.term == 3);
  CHECK(reply.leader == 7);
  CHECK(reply.commit_index == 12);
  CHECK(reply.applied_index == 11);
  CHECK(reply.revision == 10);
  CHECK(reply.version == "0.1.0");
  CHECK(reply.uptime_ms == 99);
  CHECK(reply.keys == 4);
  CHECK(reply.other == std::map<std::string, std::string>{{"future", "thing of later"}, {"term_of_x", ""}});
}

TEST_CASE("members reads a voter from each line, and leaves absent what the node does not know") {
  Answering node(
      {.results = {{.records = {{.key = "members",
                                 .value = "id=1 incarnation=0a is_leader=yes addresses=thrift://h:1|ws://h:2 "
                                          "clients=- control=- bulk=- later=thing\n"
                                          "id=2 incarnation=- is_leader=no addresses=thrift://h:3 "
                                          "clients=thrift://h:4 control=thrift bulk=websocket match_index=9 "
                                          "next_index=10 progress=replicate\nsomething else\n"}}}}});
  api::MembersReply reply;
  node.client.cluster.members(reply);
  CHECK(node.asked().operations.at(0).kind == TENON_ADMIN);
  CHECK(node.asked().operations.at(0).key == "members");
  REQUIRE(reply.members.size() == 2);
  const api::Member& first = reply.members[0];
  CHECK(first.node_id == 1);
  CHECK(first.is_leader);
  CHECK(first.incarnation == "0a");
  CHECK(first.addresses == std::vector<std::string>{"thrift://h:1", "ws://h:2"});
  CHECK_FALSE(first.__isset.client_addresses);
  CHECK_FALSE(first.__isset.control_transport);
  CHECK_FALSE(first.__isset.match_index);
  const api::Member& second = reply.members[1];
  CHECK_FALSE(second.is_leader);
  CHECK_FALSE(second.__isset.incarnation);
  CHECK(second.client_addresses == std::vector<std::string>{"thrift://h:4"});
  CHECK(second.control_transport == "thrift");
  CHECK(second.bulk_transport == "websocket");
  CHECK(second.match_index == 9);
  CHECK(second.next_index == 10);
  CHECK(second.progress == "replicate");
}

TEST_CASE("leader reads who leads, in which term, and where it serves clients") {
  Answering node({.results = {{.records = {{.key = "leader",
                                            .value = "leader 2\nterm 5\nclient_address thrift://h:4\nclient_address "
                                                     "http://h:5\n"}}}}});
  api::LeaderReply reply;
  node.client.cluster.leader(reply);
  CHECK(node.asked().operations.at(0).key == "leader");
  CHECK(reply.leader == 2);
  CHECK(reply.term == 5);
  CHECK(reply.client_addresses == std::vector<std::string>{"thrift://h:4", "http://h:5"});
}

TEST_CASE("transferLeadership asks for a target, or for any") {
  Answering node({.results = {{.records = {{.key = "leader_transfer", .value = "target 3\nterm 5\n"}}}}});
  api::TransferLeadershipReply reply;
  api::TransferLeadershipRequest request;
  node.client.cluster.transferLeadership(reply, request);
  CHECK(node.asked().operations.at(0).kind == TENON_ADMIN);
  CHECK(node.asked().operations.at(0).key == "leader_transfer");
  CHECK(node.asked().operations.at(0).value.empty());
  request.__set_target(3);
  node.client.cluster.transferLeadership(reply, request);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).value == "3");
  CHECK(reply.target == 3);
  CHECK(reply.term == 5);
}

TEST_CASE("createSnapshot and getSnapshot read the newest image and what happens to images") {
  Answering node(
      {.results = {{.records = {{.key = "snapshot",
                                 .value = "index 9\nbytes 100\nbeing_taken yes\nbeing_received no\ntaken "
                                          "2\nreceived 1\ntransfers 3\napplied_index 12\nlater thing\n"}}}}});
  api::SnapshotReply reply;
  node.client.cluster.createSnapshot(reply);
  CHECK(node.asked().operations.at(0).kind == TENON_ADMIN);
  CHECK(node.asked().operations.at(0).key == "snapshot");
  CHECK(node.asked().operations.at(0).value == "create");
  node.client.cluster.getSnapshot(reply);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).value == "list");
  CHECK(reply.index == 9);
  CHECK(reply.bytes == 100);
  CHECK(reply.being_taken);
  CHECK(reply.__isset.being_received);
  CHECK_FALSE(reply.being_received);
  CHECK(reply.taken == 2);
  CHECK(reply.received == 1);
  CHECK(reply.transfers == 3);
  CHECK(reply.applied_index == 12);
}

TEST_CASE("getStateHash reads the hash and the state that it is of") {
  Answering node(
      {.results = {{.records = {{.key = "state_hash",
                                 .value = "applied_index 12\nrevision 7\nstate_hash 00ff00ff00ff00ff\n"}}}}});
  api::StateHashReply reply;
  node.client.cluster.getStateHash(reply);
  CHECK(node.asked().operations.at(0).key == "state_hash");
  CHECK(reply.applied_index == 12);
  CHECK(reply.revision == 7);
  CHECK(reply.state_hash == "00ff00ff00ff00ff");
}

TEST_CASE("getInfo is answered while the node answers nothing") {
  RunningPlugin plugin(later);
  Client client(plugin.port());
  api::InfoReply reply;
  client.cluster.getInfo(reply);
  CHECK(reply.protocol_version == 1);
  CHECK(reply.node_id == 7);
  CHECK(reply.cluster_id == "cluster-of-test");
  CHECK(reply.frame_bytes_max == 4194304);
  CHECK(plugin.node().submits().empty());
}
