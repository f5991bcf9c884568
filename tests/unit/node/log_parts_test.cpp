// SPDX-License-Identifier: MIT
// Operators' tools read committed entries part by part, and are refused when what they have is not what this node has.
#include "backup/log_file.hpp"
#include "machine.hpp"

namespace tenon::node {
namespace {

class LogReader : public Machine {
 public:
  LogReader() {
    settings.images.log_mark_bytes = 1;
    settings.images.log_tail_bytes = settings.images.log_held_bytes_max = 0;
    cache_bytes_max = 1;
    restart();
    settle();
    for (int i = 0; i < 20; ++i) {
      put("key" + std::to_string(i), "value");
      settle();
    }
  }
  std::uint64_t ask(std::uint64_t index, std::uint64_t term, std::uint64_t last = 0,
                    const std::string& cluster = "machines") {
    node->ask({{1, ++last_request}, LogPartWanted{cluster, LogIndex(index), Term(term), LogIndex(last)}});
    return last_request;
  }
  const LogPart& part(std::uint64_t request) {
    const auto& what = recorder.operator_answers.at(request).what;
    if (const auto* refused = std::get_if<OperatorRefusal>(&what)) FAIL(refused->why);
    return std::get<LogPart>(what);
  }
  const OperatorRefusal& refusal(std::uint64_t request) {
    return std::get<OperatorRefusal>(recorder.operator_answers.at(request).what);
  }
  std::uint64_t term_of(std::uint64_t index) { return storage.log.at(index).term; }
};

TEST_CASE("committed entries are read part by part, as they are stored") {
  LogReader reader;
  const std::uint64_t commit = reader.node->status().commit_index.value();
  backup::LogFileCheck check;
  std::uint64_t next = 2;
  const auto sink = [&](const backup::LogFileEntry& entry) {
    CHECK(entry.index == next++);
    CHECK(entry.data == reader.storage.log.at(entry.index).data);
    return true;
  };
  REQUIRE(check.feed(backup::encode_header({"machines", 1, reader.term_of(1), commit, reader.term_of(commit)}), sink));
  int parts = 0;
  for (; check.index() < commit; ++parts) {
    const std::uint64_t request = reader.ask(check.index(), check.term());
    reader.settle();
    const LogPart& part = reader.part(request);
    CHECK(part.commit_index == LogIndex(commit));
    CHECK(part.commit_term == Term(reader.term_of(commit)));
    REQUIRE(check.feed(part.records, sink));
  }
  CHECK(parts > 1);
  CHECK(next == commit + 1);
  REQUIRE(check.feed(check.make_footer(), sink));
  CHECK(check.complete());
}

TEST_CASE("no entry behind the last that is wanted is read, and none when it is there already") {
  LogReader reader;
  const std::uint64_t few = reader.ask(5, reader.term_of(5), 7);
  const std::uint64_t none = reader.ask(5, reader.term_of(5), 5);
  reader.settle();
  CHECK(reader.part(none).records.empty());
  std::string expected;
  for (const std::uint64_t index : {6u, 7u}) {
    backup::append_entry(expected, {index, reader.term_of(index), reader.storage.log.at(index).data});
  }
  CHECK(reader.part(few).records == expected);
}

TEST_CASE("another cluster, another history and an end beyond what is committed are refused") {
  LogReader reader;
  const std::uint64_t commit = reader.node->status().commit_index.value();
  const std::uint64_t foreign = reader.ask(5, reader.term_of(5), 0, "others");
  const std::uint64_t contradicting = reader.ask(5, reader.term_of(5) + 1);
  const std::uint64_t ahead = reader.ask(commit + 1, reader.term_of(commit));
  CHECK(reader.refusal(foreign).error == TENON_ERROR_INVALID);
  CHECK(reader.refusal(foreign).why.find("'others'") != std::string::npos);
  CHECK(reader.refusal(contradicting).why.find("histories are not the same; take a full backup") != std::string::npos);
  CHECK(reader.refusal(ahead).why.find("ask a node that is further") != std::string::npos);
  CHECK(reader.storage.reads.empty());
}

TEST_CASE("entries that are only in an image any more are refused, also when they went while they were read") {
  LogReader reader;
  const std::uint64_t overtaken = reader.ask(5, reader.term_of(5));
  REQUIRE(reader.storage.reads.size() == 1);
  const std::uint64_t read = reader.storage.reads.front().request;
  reader.storage.reads.clear();
  reader.now.steady += std::chrono::seconds(1);
  reader.node->ask({{1, 1'000'000}, CompactionWanted{}});
  reader.settle();
  const std::uint64_t boundary = reader.node->status().first_index.value() - 1;
  REQUIRE(boundary > 5);
  reader.node->on_entries_read(read, TENON_ERROR_NOT_FOUND, {});
  CHECK(reader.refusal(overtaken).error == TENON_ERROR_COMPACTED);
  const std::uint64_t late = reader.ask(boundary - 1, 1);
  CHECK(reader.refusal(late).error == TENON_ERROR_COMPACTED);
  CHECK(reader.refusal(late).why.find("take a full backup") != std::string::npos);
  // What ends where the log begins can be gone on from.
  const std::uint64_t joined = reader.ask(boundary, reader.node->raft().log().term(LogIndex(boundary))->value());
  reader.settle();
  CHECK(reader.part(joined).records.empty());
  CHECK_FALSE(reader.recorder.failure.has_value());
}

TEST_CASE("only so many parts of the log are read at once") {
  LogReader reader;
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(reader.ask(5, reader.term_of(5)));
  const std::uint64_t one_too_many = reader.ask(5, reader.term_of(5));
  CHECK(reader.refusal(one_too_many).outcome == Outcome::overloaded);
  reader.settle();
  for (const std::uint64_t request : asked) CHECK_FALSE(reader.part(request).records.empty());
}

}  // namespace
}  // namespace tenon::node
