// SPDX-License-Identifier: MIT
// What writes say beside key and value, and the reads that go with them, through the client that Thrift generates.
#include "support/catch.hpp"
#include "thrift_client.hpp"

using namespace tenon::api_thrift;
namespace api = tenon::thrift_api;
using tenon::testing::ScriptedOperation;

namespace {

const tenon::testing::ScriptedRecord kPrevious{.key = "k",
                                               .value = "before",
                                               .created = 3,
                                               .modified = 9,
                                               .version = 4,
                                               .kind = TENON_RECORD_PREVIOUS,
                                               .expires_at_ms = 55};

api::InSession in_session(std::int64_t session, std::int64_t sequence, std::int64_t lowest) {
  api::InSession made;
  made.session = session;
  made.sequence = sequence;
  made.__set_lowest_outstanding(lowest);
  return made;
}

void check_previous(const api::Record& record) {
  CHECK(record.value == "before");
  CHECK(record.version == 4);
  CHECK(record.expires_at_ms == 55);
}

}  // namespace

TEST_CASE("a put says when the key expires in one of three ways") {
  Answering node({.results = {{}}});
  const auto put = [&node](const std::function<void(api::PutRequest&)>& set) {
    api::PutRequest request;
    request.key = "k";
    set(request);
    api::PutReply reply;
    node.client.kv.put(reply, request);
    return node.plugin.node().wait_for_requests(1).back().operations.at(0);
  };
  const ScriptedOperation never = put([](auto&) {});
  CHECK((never.expiry_ms == 0 && never.flags == 0));
  const ScriptedOperation after = put([](auto& request) { request.__set_ttl_ms(1'500); });
  CHECK((after.expiry_ms == 1'500 && after.flags == 0));
  const ScriptedOperation at = put([](auto& request) { request.__set_expires_at_ms(99); });
  CHECK((at.expiry_ms == 99 && at.flags == TENON_EXPIRY_ABSOLUTE));
  const ScriptedOperation keep = put([](auto& request) { request.__set_keep_expiry(true); });
  CHECK((keep.expiry_ms == 0 && keep.flags == TENON_EXPIRY_KEEP));
}

TEST_CASE("append, increment, expire and persist carry what they need and bring what they made") {
  Answering node({.revision = 12, .results = {{.records = {kPrevious}, .number = 7}}});
  const auto asked = [&node] { return node.plugin.node().wait_for_requests(1).back().operations.at(0); };
  api::AppendRequest append;
  append.key = "k";
  append.value = "tail";
  append.__set_return_previous(true);
  api::AppendReply appended;
  node.client.kv.append(appended, append);
  CHECK((asked().kind == TENON_APPEND && asked().value == "tail" && asked().flags == TENON_WITH_PREVIOUS));
  CHECK((appended.revision == 12 && appended.length == 7));
  check_previous(appended.previous);

  api::IncrementRequest increment;
  increment.key = "k";
  increment.delta = -5;
  api::IncrementReply incremented;
  node.client.kv.increment(incremented, increment);
  CHECK((asked().kind == TENON_INCREMENT && asked().delta == -5 && asked().flags == 0));
  CHECK(incremented.number == 7);
  check_previous(incremented.previous);

  api::ExpireRequest expire;
  expire.key = "k";
  expire.__set_expires_at_ms(77);
  api::ExpireReply expired;
  node.client.kv.expire(expired, expire);
  CHECK((asked().kind == TENON_EXPIRE && asked().expiry_ms == 77 && asked().flags == TENON_EXPIRY_ABSOLUTE));
  CHECK(expired.changed);

  api::PersistRequest persist;
  persist.key = "k";
  api::PersistReply persisted;
  node.client.kv.persist(persisted, persist);
  CHECK(asked().kind == TENON_PERSIST);
  CHECK(persisted.changed);
  check_previous(persisted.previous);
}

TEST_CASE("a removal of a range says how many went, and where to go on") {
  Answering node({.results = {{.number = 10'000, .cursor = "from here"}}});
  api::RemoveRangeRequest request;
  request.__set_first_key("a");
  request.__set_end_key("b");
  request.__set_limit(20'000);
  request.__set_cursor("from there");
  api::RemoveRangeReply reply;
  node.client.kv.removeRange(reply, request);
  const ScriptedOperation asked = node.asked().operations.at(0);
  CHECK((asked.kind == TENON_DELETE_RANGE && asked.flags == 0 && asked.limit == 20'000));
  CHECK((asked.key == "a" && asked.range_end == "b" && asked.cursor == "from there"));
  CHECK((reply.removed == 10'000 && reply.cursor == "from here"));
  request = {};
  request.__set_prefix("");
  node.client.kv.removeRange(reply, request);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).flags == TENON_RANGE_PREFIX);
}

TEST_CASE("a scan may go backward, and a reply tells the time that expiries are compared with") {
  Answering node(
      {.results = {{.records = {{.key = "k", .value = "v", .expires_at_ms = 1'000}}}}, .cluster_time_ms = 400});
  api::ScanRequest scan;
  scan.__set_backward(true);
  api::ScanReply scanned;
  node.client.kv.scan(scanned, scan);
  CHECK(node.asked().operations.at(0).flags == TENON_SCAN_BACKWARD);
  scan.__set_match("user:*");
  node.client.kv.scan(scanned, scan);
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).flags ==
        (TENON_SCAN_BACKWARD | TENON_SCAN_MATCH));
  CHECK(node.plugin.node().wait_for_requests(2).back().operations.at(0).value == "user:*");
  CHECK((scanned.cluster_time_ms == 400 && scanned.records.at(0).expires_at_ms == 1'000));
  api::GetRequest get;
  get.key = "k";
  api::GetReply got;
  node.client.kv.get(got, get);
  CHECK((got.cluster_time_ms == 400 && got.record.expires_at_ms == 1'000));
}

TEST_CASE("many keys are looked up in one request, and each has its place in the reply") {
  Answering node(
      {.revision = 4, .results = {{.records = {{.key = "a", .value = "1"}}}, {}, {.records = {{.key = "c"}}}}});
  api::GetManyRequest request;
  request.keys = {"a", "b", "c"};
  api::GetManyReply reply;
  node.client.kv.getMany(reply, request);
  const ScriptedRequest asked = node.asked();
  REQUIRE(asked.operations.size() == 3);
  CHECK((asked.operations[1].kind == TENON_GET && asked.operations[1].key == "b"));
  REQUIRE(reply.records.size() == 3);
  CHECK(reply.records[0].record.value == "1");
  CHECK_FALSE(reply.records[1].__isset.record);
  CHECK(reply.records[2].record.key == "c");
  CHECK((reply.revision == 4 && !reply.records[0].record.__isset.expires_at_ms));
}

TEST_CASE("every operation has its place in a transaction") {
  Answering node({.results = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}, {.number = 0}}});
  api::TransactionRequest request;
  request.operations.resize(5);
  request.operations[0].__set_append({});
  request.operations[1].__set_increment({});
  api::RemoveRangeRequest remove;
  remove.__set_prefix("p");
  request.operations[2].__set_remove_range(remove);
  api::ExpireRequest expire;
  expire.__set_ttl_ms(5);
  request.operations[3].__set_expire(expire);
  request.operations[4].__set_persist({});
  request.__set_in_session(in_session(8, 3, 2));
  api::TransactionReply reply;
  node.client.kv.transaction(reply, request);
  const ScriptedRequest asked = node.asked();
  REQUIRE(asked.operations.size() == 5);
  CHECK(asked.operations[2].kind == TENON_DELETE_RANGE);
  CHECK((asked.session == 8 && asked.session_sequence == 3 && asked.session_outstanding == 2));
  REQUIRE(reply.replies.size() == 5);
  CHECK(reply.replies[0].append.length == 1);
  CHECK(reply.replies[1].increment.number == 2);
  CHECK(reply.replies[2].remove_range.removed == 3);
  CHECK(reply.replies[3].expire.changed);
  CHECK_FALSE(reply.replies[4].persist.changed);
}

TEST_CASE("a write travels with its session, and a session is opened, kept and closed") {
  Answering node({.results = {{.number = 41}}});
  const auto asked = [&node] { return node.plugin.node().wait_for_requests(1).back(); };
  api::PutRequest put;
  put.key = "k";
  put.__set_in_session(in_session(5, 9, 7));
  api::PutReply put_reply;
  node.client.kv.put(put_reply, put);
  CHECK((asked().session == 5 && asked().session_sequence == 9 && asked().session_outstanding == 7));

  api::OpenSessionRequest open;
  open.duration_ms = 60'000;
  api::OpenSessionReply opened;
  node.client.kv.openSession(opened, open);
  CHECK((asked().operations.at(0).kind == TENON_SESSION_OPEN && asked().operations.at(0).expiry_ms == 60'000));
  CHECK(asked().session == 0);
  CHECK(opened.session == 41);

  api::KeepSessionAliveRequest keep_alive;
  keep_alive.session = 41;
  keep_alive.__set_lowest_outstanding(6);
  api::KeepSessionAliveReply kept;
  node.client.kv.keepSessionAlive(kept, keep_alive);
  CHECK((asked().operations.at(0).kind == TENON_SESSION_KEEP_ALIVE && asked().session == 41));
  CHECK((asked().session_outstanding == 6 && asked().session_sequence == 0));

  api::CloseSessionRequest close;
  close.session = 41;
  api::CloseSessionReply closed;
  node.client.kv.closeSession(closed, close);
  CHECK((asked().operations.at(0).kind == TENON_SESSION_CLOSE && asked().session == 41));
}

TEST_CASE("an expired session, and a reply that was not kept, are outcomes of their own") {
  api::PutRequest put;
  put.key = "k";
  put.__set_return_previous(true);
  api::PutReply reply;
  Answering expired({.outcome = TENON_OUTCOME_SESSION_EXPIRED});
  const api::TenonError gone = error_of_call([&] { expired.client.kv.put(reply, put); });
  CHECK((gone.outcome == api::Outcome::SESSION_EXPIRED && gone.code == api::ErrorCode::NOT_FOUND));
  Answering forgotten({.flags = TENON_COMPLETION_FORGOTTEN});
  const api::TenonError executed = error_of_call([&] { forgotten.client.kv.put(reply, put); });
  CHECK((executed.outcome == api::Outcome::EXECUTED && executed.code == api::ErrorCode::TOO_LARGE));
}

TEST_CASE("a write that contradicts itself is refused without the node") {
  RunningPlugin plugin(at_once);
  Client client(plugin.port());
  api::PutRequest twice;
  twice.__set_ttl_ms(1);
  twice.__set_keep_expiry(true);
  api::PutReply put_reply;
  CHECK(error_of_call([&] { client.kv.put(put_reply, twice); }).code == api::ErrorCode::INVALID);
  api::PutRequest none;
  none.__set_ttl_ms(0);
  CHECK(error_of_call([&] { client.kv.put(put_reply, none); }).message == "ttl_ms is 0; expected a positive number");
  api::ExpireReply expire_reply;
  CHECK(error_of_call([&] { client.kv.expire(expire_reply, {}); }).code == api::ErrorCode::INVALID);
  api::RemoveRangeReply range_reply;
  CHECK(error_of_call([&] { client.kv.removeRange(range_reply, {}); }).code == api::ErrorCode::INVALID);
  api::PutRequest nobody;
  nobody.__set_in_session(in_session(0, 1, 0));
  CHECK(error_of_call([&] { client.kv.put(put_reply, nobody); }).message == "session is 0; expected a positive number");
  api::TransactionRequest nested;
  nested.operations.resize(1);
  api::PutRequest inner;
  inner.__set_in_session(in_session(1, 1, 0));
  nested.operations[0].__set_put(inner);
  api::TransactionReply reply;
  CHECK(error_of_call([&] { client.kv.transaction(reply, nested); }).code == api::ErrorCode::INVALID);
  client.kv.allowReordering();
  CHECK(plugin.node().submits().empty());
}
