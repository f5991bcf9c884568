// SPDX-License-Identifier: MIT
// Watches: each is a stream of the node that answers one request.
#include <thread>

#include "raw_client.hpp"
#include "thrift_client.hpp"

using namespace tenon;
using namespace tenon::api_thrift;
using testing::ScriptedOperation;
using testing::ScriptedRecord;

namespace {

ScriptedCompletion mark(std::uint64_t revision) {
  ScriptedCompletion completion;
  completion.flags = TENON_COMPLETION_MORE;
  completion.revision = revision;
  completion.results.resize(1);
  return completion;
}

ScriptedCompletion changes(std::uint64_t revision, std::vector<ScriptedRecord> records) {
  ScriptedCompletion completion = mark(revision);
  completion.results[0].records = std::move(records);
  return completion;
}

ScriptedRecord record(std::string key, std::string value, std::uint64_t modified, std::uint64_t kind) {
  return {std::move(key), std::move(value), 1, modified, 1, kind, 0};
}

thrift_api::WatchRequest watch_from(std::int64_t revision, std::int64_t wait_ms) {
  thrift_api::WatchRequest request;
  request.__set_prefix("k");
  if (revision != 0) request.__set_from_revision(revision);
  if (wait_ms != 0) request.__set_wait_ms(wait_ms);
  return request;
}

// A call in a thread of its own.
class Waiting {
 public:
  Waiting(RunningPlugin& plugin, thrift_api::WatchRequest request)
      : client_(plugin.port()), thread_([this, request = std::move(request)] {
          try {
            client_.kv.watch(reply_, request);
          } catch (const thrift_api::TenonError& error) {
            error_ = error;
          }
        }) {}
  ~Waiting() {
    if (thread_.joinable()) thread_.join();
  }
  const thrift_api::WatchReply& reply() {
    thread_.join();
    REQUIRE_FALSE(error_.has_value());
    return reply_;
  }
  const thrift_api::TenonError& error() {
    thread_.join();
    REQUIRE(error_.has_value());
    return *error_;
  }

 private:
  Client client_;
  thrift_api::WatchReply reply_;
  std::optional<thrift_api::TenonError> error_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a watch is answered with the first changes, and its stream is cancelled") {
  RunningPlugin plugin(later);
  thrift_api::WatchRequest request = watch_from(7, 60'000);
  request.__set_return_previous(true);
  request.__set_limit(5);
  Waiting waiting(plugin, request);
  const ScriptedRequest asked = plugin.node().wait_for_requests(1).at(0);
  REQUIRE(asked.operations.size() == 1);
  const ScriptedOperation& operation = asked.operations[0];
  CHECK(operation.kind == TENON_WATCH);
  CHECK(operation.flags == (TENON_RANGE_PREFIX | TENON_WITH_PREVIOUS));
  CHECK((operation.key == "k" && operation.revision == 7 && operation.limit == 5));
  CHECK(asked.consistency == TENON_READ_STALE);
  plugin.node().complete(asked.id, mark(6));
  plugin.node().complete(
      asked.id, changes(9, {record("k1", "new", 8, TENON_RECORD_CURRENT), record("k1", "old", 3, TENON_RECORD_PREVIOUS),
                            record("k2", "", 9, TENON_RECORD_DELETED), record("k3", "", 9, TENON_RECORD_EXPIRED)}));
  const thrift_api::WatchReply& reply = waiting.reply();
  CHECK(reply.next_revision == 10);
  REQUIRE(reply.changes.size() == 3);
  CHECK(reply.changes[0].kind == thrift_api::ChangeKind::PUT);
  CHECK(reply.changes[0].record.value == "new");
  CHECK(reply.changes[0].previous.value == "old");
  CHECK(reply.changes[1].kind == thrift_api::ChangeKind::REMOVED);
  CHECK(reply.changes[1].record.mod_revision == 9);
  CHECK_FALSE(reply.changes[1].record.__isset.value);
  CHECK_FALSE(reply.changes[1].__isset.previous);
  CHECK(reply.changes[2].kind == thrift_api::ChangeKind::EXPIRED);
  CHECK(eventually([&] { return plugin.node().cancelled() == std::vector<std::uint64_t>{asked.id}; }));
}

TEST_CASE("a watch without a wait says where it stands as soon as the node does") {
  RunningPlugin plugin([](const ScriptedRequest&) { return mark(41); });
  Client client(plugin.port());
  thrift_api::WatchReply reply;
  client.kv.watch(reply, watch_from(0, 0));
  CHECK(reply.next_revision == 42);
  CHECK(reply.changes.empty());
  CHECK(plugin.node().wait_for_requests(1).at(0).consistency == TENON_READ_LINEARIZABLE);
}

TEST_CASE("a watch whose time is over says how far it has come") {
  RunningPlugin plugin(later);
  Waiting waiting(plugin, watch_from(3, 200));
  const ScriptedRequest asked = plugin.node().wait_for_requests(1).at(0);
  plugin.node().complete(asked.id, mark(4));
  plugin.node().complete(asked.id, mark(5));
  CHECK(waiting.reply().next_revision == 6);
  CHECK(eventually([&] { return plugin.node().cancelled().size() == 1; }));
}

TEST_CASE("a watch that comes too late is told the oldest revision") {
  RunningPlugin plugin([](const ScriptedRequest&) {
    ScriptedCompletion ended;
    ended.outcome = TENON_OUTCOME_REFUSED;
    ended.error = TENON_ERROR_COMPACTED;
    ended.revision = 77;
    ended.message = "too late";
    return ended;
  });
  Waiting waiting(plugin, watch_from(3, 60'000));
  const thrift_api::TenonError& error = waiting.error();
  CHECK(error.code == thrift_api::ErrorCode::COMPACTED);
  CHECK(error.outcome == thrift_api::Outcome::REFUSED);
  CHECK(error.oldest_revision == 77);
  CHECK(plugin.node().cancelled().empty());
}

TEST_CASE("a request behind a watch on an ordered connection ends the wait") {
  RunningPlugin plugin(later);
  RawClient client(plugin.port());
  // The arguments of watch: field 1, a struct with from_revision 9 and wait_ms 60 000.
  const std::string arguments("\x0c\0\x01\x0a\0\x04\0\0\0\0\0\0\0\x09\x0a\0\x05\0\0\0\0\0\0\xea\x60\0\0", 27);
  const auto watch = [&](std::uint32_t sequence) { return frame(message_begin("watch", kCall, sequence) + arguments); };
  REQUIRE(client.send(watch(1)));
  const ScriptedRequest asked = plugin.node().wait_for_requests(1).at(0);
  plugin.node().complete(asked.id, mark(8));
  REQUIRE(client.send(frame(get_message("k", 2))));
  const std::optional<Answer> first = client.receive_answer();
  REQUIRE(first.has_value());
  CHECK(first->sequence == 1);
  const ScriptedRequest get = plugin.node().wait_for_requests(2).at(1);
  plugin.node().complete(get.id, *at_once(get));
  CHECK(client.receive_answer()->sequence == 2);
  // On one that is not ordered it waits on.
  REQUIRE(client.send(frame(message_begin("allowReordering", kCall, 100) + std::string(1, '\0')) + watch(3)));
  CHECK(client.receive_answer()->sequence == 100);
  const ScriptedRequest again = plugin.node().wait_for_requests(3).at(2);
  plugin.node().complete(again.id, mark(8));
  REQUIRE(client.send(frame(get_message("k", 4))));
  const ScriptedRequest last = plugin.node().wait_for_requests(4).at(3);
  plugin.node().complete(last.id, *at_once(last));
  CHECK(client.receive_answer()->sequence == 4);
  CHECK(plugin.node().cancelled().size() == 1);
}

TEST_CASE("a connection that closes ends its watches") {
  RunningPlugin plugin(later);
  std::uint64_t request = 0;
  {
    RawClient client(plugin.port());
    const std::string arguments("\x0c\0\x01\x0a\0\x05\0\0\0\0\0\0\xea\x60\0\0", 16);
    REQUIRE(client.send(frame(message_begin("watch", kCall, 1) + arguments)));
    request = plugin.node().wait_for_requests(1).at(0).id;
  }
  plugin.node().complete(request, mark(1));
  CHECK(eventually([&] { return plugin.node().cancelled().size() == 1; }));
}

TEST_CASE("drain ends the waits, and does not wait for changes") {
  RunningPlugin plugin(later);
  Waiting waiting(plugin, watch_from(3, 60'000));
  const ScriptedRequest asked = plugin.node().wait_for_requests(1).at(0);
  plugin.node().complete(asked.id, mark(4));
  const auto began = std::chrono::steady_clock::now();
  plugin.drain(std::chrono::seconds(60));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
  CHECK(waiting.reply().next_revision == 5);
}
