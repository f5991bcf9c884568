// SPDX-License-Identifier: MIT
#include "host/node_thread.hpp"

#include <thread>

#include "running_node.hpp"
#include "test_queue.hpp"

namespace tenon::host {
namespace {

using support::MemoryStorage;
using Mode = MemoryStorage::Mode;

TEST_CASE("status is answered without waiting for the node") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  CHECK(queue.run(only(write)).outcome == TENON_OUTCOME_DONE);
  eventually([&] { return running.node().status().key_count == 1; });
  const tenon_operation ask = admin("status");
  const Ended answered = queue.run(only(ask));
  REQUIRE(answered.values.size() == 1);
  const std::string& text = answered.values[0];
  for (const char* line : {"version 1.2.3\n", "cluster_id cluster\n", "node_id 1\n", "role leader\n", "leader 1\n",
                           "term 2\n", "revision 1\n", "keys 1\n", "last_index 3\n", "applied_index 3\n"}) {
    CAPTURE(line, text);
    CHECK(text.find(line) != std::string::npos);
  }
  queue.destroy();
}

TEST_CASE("while the thread of the node stands still, all that it says of itself is told, and that it stands still") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue writes(running.clients(), 8);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  CHECK(writes.run(only(write)).outcome == TENON_OUTCOME_DONE);
  storage.hold_writes();
  const std::uint64_t held = writes.submit(only(write), 60'000);
  eventually([&] { return storage.holds_writer(); });
  const std::uint64_t rounds = running.node().rounds();
  for (const char* verb : {"status", "members", "leader", "metrics", "plugins", "events", "slow_operations"}) {
    CAPTURE(verb);
    const tenon_operation ask = admin(verb);
    CHECK(queue.run(only(ask)).outcome == TENON_OUTCOME_DONE);
  }
  const tenon_operation status = admin("status");
  eventually([&] { return queue.run(only(status)).values.at(0).find("\nmail_age_ms 0\n") == std::string::npos; });
  CHECK(running.node().rounds() == rounds);
  CHECK(storage.holds_writer());
  storage.release_writes();
  writes.wait_for(2);
  CHECK(writes.ended.at(held).outcome == TENON_OUTCOME_DONE);
  eventually([&] { return queue.run(only(status)).values.at(0).find("\nmail_age_ms 0\n") != std::string::npos; });
  queue.destroy();
  writes.destroy();
}

TEST_CASE("a disk that stands still is told with the age of its oldest write") {
  MemoryStorage storage(Mode::manual);
  RunningNode running(storage);
  TestQueue writes(running.clients(), 8);
  TestQueue queue(running.clients(), 8);
  eventually([&] {
    storage.complete_all();
    return running.node().status().applied_index >= raft::LogIndex(2);
  });
  const tenon_operation status = admin("status");
  CHECK(queue.run(only(status)).values.at(0).find("\nsync_age_ms 0\n") != std::string::npos);
  const tenon_operation write = put("k", "v");
  writes.submit(only(write), 60'000);
  eventually([&] { return queue.run(only(status)).values.at(0).find("\nsync_age_ms 0\n") == std::string::npos; });
  storage.complete_all();
  writes.wait_for(1);
  eventually([&] { return queue.run(only(status)).values.at(0).find("\nsync_age_ms 0\n") != std::string::npos; });
  queue.destroy();
  writes.destroy();
}

TEST_CASE("a single voter answers every admin verb by itself, and refuses what needs another") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  eventually([&] { return running.node().status().role == raft::RoleName::leader; });
  const tenon_operation members = admin("members");
  const tenon_operation leader = admin("leader");
  const tenon_operation transfer = admin("leader_transfer");
  CHECK(queue.run(only(members)).values.at(0).starts_with("id=1 incarnation=- is_leader=yes "));
  CHECK(queue.run(only(leader)).values.at(0) == "leader 1\nterm 2\n");
  const Ended refused = queue.run(only(transfer));
  CHECK(refused.error == TENON_ERROR_INVALID);
  CHECK(refused.message.find("the only voter") != std::string::npos);
  queue.destroy();
}

TEST_CASE("metrics tell of requests, of the node's state and of the process") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  CHECK(queue.run(only(write)).outcome == TENON_OUTCOME_DONE);
  eventually([&] { return running.node().status().key_count == 1; });
  const tenon_operation ask = admin("metrics");
  const Ended answered = queue.run(only(ask));
  REQUIRE(answered.values.size() == 1);
  const std::string& text = answered.values[0];
  for (const char* line :
       {"\ntenon_keys 1\n", "\ntenon_raft_is_leader 1\n", "\ntenon_raft_propose_duration_seconds_count 1\n",
        "\ntenon_requests_total{api=\"thrift\",op=\"put\",code=\"done\"} 1\n",
        "\ntenon_request_duration_seconds_count{api=\"thrift\",op=\"put\"} 1\n", "\nprocess_open_fds "}) {
    CAPTURE(line, text);
    CHECK(text.find(line) != std::string::npos);
  }
  queue.destroy();
}

TEST_CASE("a node that has nothing to do makes a round when it is nudged") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  eventually([&] { return running.node().status().role == raft::RoleName::leader; });
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t before = running.node().rounds();
    running.node().nudge();
    eventually([&] { return running.node().rounds() > before; });
  }
}

TEST_CASE("an image is read by the id that its first part names, and what is asked wrongly is refused") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  CHECK(queue.run(only(write)).outcome == TENON_OUTCOME_DONE);
  const tenon_operation early = admin("snapshot_read", "newest 0");
  CHECK(queue.run(only(early)).error == TENON_ERROR_NOT_FOUND);
  running.node().take_image();
  eventually([&] { return running.node().status().images.taken == 1; });
  const std::string first = queue.run(only(early)).values.at(0);
  CHECK(first.starts_with("id "));
  const std::string id = first.substr(3, 32);
  const std::size_t end = first.find("\n\n") + 2;
  const std::string whole = first.substr(end);
  CHECK(first.find("\nsnapshot_bytes " + std::to_string(whole.size()) + "\noffset 0\n\n") != std::string::npos);
  const std::string from_ten = id + " 10";
  const tenon_operation rest = admin("snapshot_read", from_ten);
  const std::string second = queue.run(only(rest)).values.at(0);
  CHECK(second.ends_with("\n\n" + whole.substr(10)));
  const std::string upper = std::string(32, 'A') + " 0";
  for (const std::string& wrong : {std::string(), std::string("newest"), std::string("newest -1"), id, upper}) {
    const tenon_operation asked = admin("snapshot_read", wrong);
    CHECK(queue.run(only(asked)).error == TENON_ERROR_INVALID);
  }
  queue.destroy();
}

// The storage is under validation, which ends the test when the node's thread closes a handle.
TEST_CASE("a node that is stopped while its image is read closes it on another thread than its own") {
  MemoryStorage storage(Mode::immediate);
  for (int round = 0; round < 300; ++round) {
    RunningNode running(storage);
    TestQueue queue(running.clients(), 8);
    const tenon_operation write = put("k", "v");
    CHECK(queue.run(only(write)).outcome == TENON_OUTCOME_DONE);
    if (round == 0) {
      running.node().take_image();
      eventually([&] { return running.node().status().images.taken == 1; });
    }
    const tenon_operation read = admin("snapshot_read", "newest 0");
    for (int asked = 0; asked < 4; ++asked) queue.submit(only(read));
    if (round % 2 == 0) std::this_thread::yield();
    running.stop();
    queue.destroy();
  }
}

TEST_CASE("a log is read behind an entry that both have, and cut when an operator wants it") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation write = put("k", "v");
  CHECK(queue.run(only(write)).outcome == TENON_OUTCOME_DONE);
  eventually([&] { return running.node().status().key_count == 1; });
  const tenon_operation behind_first = admin("log_read", "1 1 0 cluster");
  const std::string part = queue.run(only(behind_first)).values.at(0);
  CHECK(part.starts_with("commit_index 3\ncommit_term 2\n\n"));
  CHECK(part.size() > 60);
  for (const char* wrong : {"", "1 1", "1 1 x cluster", "-1 1 0 cluster", "1 1 0 another"}) {
    const tenon_operation asked = admin("log_read", wrong);
    CHECK(queue.run(only(asked)).error == TENON_ERROR_INVALID);
  }
  const tenon_operation compact = admin("compact");
  CHECK(queue.run(only(compact)).values.at(0).find("\nfirst_index 1\n") != std::string::npos);
  eventually([&] { return !running.node().status().is_compacting; });
  CHECK(running.node().status().first_index == raft::LogIndex(4));
  CHECK(queue.run(only(behind_first)).error == TENON_ERROR_COMPACTED);
  queue.destroy();
}

TEST_CASE("an admin verb that is not known is echoed short and printable, with those that are") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const std::string verb = "line\n" + std::string(1'000, 'v');
  const tenon_operation unknown = admin(verb);
  const Ended refused = queue.run(only(unknown));
  CHECK(refused.error == TENON_ERROR_UNSUPPORTED);
  CHECK(refused.message == "the admin verb 'line?" + std::string(59, 'v') +
                               "..' is not in this version; there are status, members, member_add, member_promote, "
                               "member_remove, member_replace, metrics, plugins, events, slow_operations, leader, "
                               "leader_transfer, snapshot, snapshot_read, compact, log_read and state_hash");
  queue.destroy();
}

TEST_CASE("events tell of the election that a node has won, and only of what is new when asked so") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  eventually([&] { return running.node().status().role == raft::RoleName::leader; });
  const tenon_operation all = admin("events");
  const std::string text = queue.run(only(all)).values.at(0);
  CAPTURE(text);
  CHECK(text.find(" election leads in term 2: ") != std::string::npos);
  CHECK(text.find(" membership the voters are 1\n") != std::string::npos);
  const tenon_operation later = admin("events", "1000");
  CHECK(queue.run(only(later)).values.at(0).empty());
  const tenon_operation wrong = admin("events", "-1");
  CHECK(queue.run(only(wrong)).error == TENON_ERROR_INVALID);
  queue.destroy();
}

TEST_CASE("plugins are told with their options as soon as they are loaded") {
  MemoryStorage storage(Mode::immediate);
  RunningNode running(storage);
  TestQueue queue(running.clients(), 8);
  const tenon_operation ask = admin("plugins");
  CHECK(queue.run(only(ask)).values.at(0).empty());
  running.node().plugin_loaded({"api.x", "dev.x", "1.0", "1.0", "/p/x.so", {{"listen", "a:1\nb"}, {"size", "5"}}});
  CHECK(queue.run(only(ask)).values.at(0) ==
        "plugin=api.x id=dev.x version=1.0 abi=1.0\n file /p/x.so\n option listen a:1?b\n option size 5\n");
  queue.destroy();
}

}  // namespace
}  // namespace tenon::host
