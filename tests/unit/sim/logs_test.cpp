// SPDX-License-Identifier: MIT
#include "checks/logs.hpp"
#include "support/catch.hpp"

namespace tenon::sim {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;
using raft::WriteSequence;

const NodeId kOne(1);
const NodeId kTwo(2);

void append(raft::Log& log, std::uint64_t term, std::string_view data) {
  const LogIndex index = log.last_index().next();
  log.append({index, Term(term), raft::EntryKind::commands, {nullptr, data}}, WriteSequence(index.value()));
}

struct Cluster {
  EventQueue events;
  Trace trace{events};
  Logs logs{trace};
  Terms committed;

  // The kind of the violation that is seen; empty: none.
  std::string look(NodeId node, const raft::Log& log, std::uint64_t commit_index = 0, bool has_led_on = false) {
    try {
      logs.look({node, LogIndex(commit_index), has_led_on}, log, committed);
    } catch (const Violation& violation) {
      return violation.kind;
    }
    return "";
  }
};

TEST_CASE("logs that hold the same are taken for it, and one that grows is looked at again") {
  Cluster cluster;
  raft::Log one;
  raft::Log two;
  for (raft::Log* log : {&one, &two}) append(*log, 1, "a");
  append(one, 2, "b");
  CHECK(cluster.look(kOne, one).empty());
  CHECK(cluster.look(kTwo, two).empty());
  append(two, 2, "b");
  CHECK(cluster.look(kTwo, two).empty());
  CHECK(cluster.trace.counts().empty());
}

TEST_CASE("two entries of one index and term are seen") {
  Cluster cluster;
  raft::Log one;
  raft::Log two;
  append(one, 1, "a");
  append(two, 1, "b");
  CHECK(cluster.look(kOne, one).empty());
  CHECK(cluster.look(kTwo, two) == "log-matching");
}

TEST_CASE("an entry that comes after another than elsewhere is seen") {
  Cluster cluster;
  raft::Log one;
  raft::Log two;
  append(one, 1, "a");
  append(two, 2, "b");
  CHECK(cluster.look(kOne, one).empty());
  CHECK(cluster.look(kTwo, two).empty());
  append(one, 3, "c");
  append(two, 3, "c");
  CHECK(cluster.look(kOne, one).empty());
  CHECK(cluster.look(kTwo, two) == "log-matching");
}

TEST_CASE("a leader that drops an entry is seen, and so is whoever drops what it knew to be committed") {
  const auto after_truncation = [](std::uint64_t commit_index, bool has_led_on) {
    Cluster cluster;
    raft::Log log;
    for (const char* data : {"a", "b", "c"}) append(log, 1, data);
    CHECK(cluster.look(kOne, log).empty());
    log.truncate(LogIndex(3));
    append(log, 2, "d");
    return cluster.look(kOne, log, commit_index, has_led_on);
  };
  CHECK(after_truncation(2, false).empty());
  CHECK(after_truncation(2, true) == "leader-append-only");
  CHECK(after_truncation(3, false) == "commit");
}

TEST_CASE("a leader without what was committed in an earlier term is seen") {
  raft::Log log;
  append(log, 1, "a");
  append(log, 2, "b");
  const auto leads = [&](const Terms& committed, const Terms& committed_in) -> std::string {
    try {
      Logs::check_leader(kOne, log, Term(4), committed, committed_in);
    } catch (const Violation& violation) {
      return violation.kind;
    }
    return "";
  };
  CHECK(leads({}, {}).empty());
  CHECK(leads({Term(1), Term(2)}, {Term(1), Term(3)}).empty());
  CHECK(leads({Term(1), Term(3)}, {Term(1), Term(3)}) == "leader-completeness");
  CHECK(leads({Term(1), Term(2), Term(3)}, {Term(1), Term(2), Term(3)}) == "leader-completeness");
  // Of its own term, and later, it need not know.
  CHECK(leads({Term(1), Term(2), Term(4)}, {Term(1), Term(2), Term(4)}).empty());
}

TEST_CASE("a log that begins behind what was not committed, or earlier than before, is seen") {
  Cluster cluster;
  const raft::Log from_image(LogIndex(3), Term(2));
  CHECK(cluster.look(kOne, from_image) == "image");
  cluster.committed = {Term(1), Term(1), Term(1)};
  CHECK(cluster.look(kOne, from_image) == "image");
  cluster.committed.back() = Term(2);
  CHECK(cluster.look(kOne, from_image).empty());
  CHECK(cluster.look(kOne, raft::Log(LogIndex(2), Term(1))) == "image");
}

}  // namespace
}  // namespace tenon::sim
