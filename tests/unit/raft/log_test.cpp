// SPDX-License-Identifier: MIT
#include "raft/log.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace tenon::raft {
namespace {

Entry entry(std::uint64_t index, std::uint64_t term, std::size_t size = 10) {
  auto owner = std::make_shared<const std::string>(size, 'x');
  return {LogIndex(index), Term(term), EntryKind::commands, {owner, *owner}};
}

TEST_CASE("an empty log has the boundary's term and nothing after it") {
  const Log log(LogIndex(7), Term(3));
  CHECK(log.last_index() == LogIndex(7));
  CHECK(log.last_term() == Term(3));
  CHECK(log.term(LogIndex(7)) == Term(3));
  CHECK_FALSE(log.term(LogIndex(6)).has_value());
  CHECK_FALSE(log.term(LogIndex(8)).has_value());
  CHECK(log.cached(LogIndex(7)) == nullptr);
}

TEST_CASE("the term of every entry is known, across changes of term") {
  Log log;
  const std::uint64_t terms[] = {1, 1, 2, 2, 2, 5, 9};
  for (std::uint64_t i = 0; i < 7; ++i) log.append(entry(i + 1, terms[i]), WriteSequence(i + 1));
  for (std::uint64_t i = 0; i < 7; ++i) CHECK(log.term(LogIndex(i + 1)) == Term(terms[i]));
  CHECK(log.last_term() == Term(9));
  CHECK_FALSE(log.term(LogIndex(8)).has_value());
}

TEST_CASE("entries become durable by the write that holds them, never by an earlier one") {
  Log log;
  log.append(entry(1, 1), WriteSequence(1));
  log.append(entry(2, 1), WriteSequence(2));
  log.append(entry(3, 1), WriteSequence(2));
  log.append(entry(4, 1), WriteSequence(5));
  CHECK(log.durable_index() == LogIndex(0));
  log.complete(WriteSequence(1));
  CHECK(log.durable_index() == LogIndex(1));
  log.complete(WriteSequence(4));
  CHECK(log.durable_index() == LogIndex(3));
  log.complete(WriteSequence(5));
  CHECK(log.durable_index() == LogIndex(4));
}

TEST_CASE("a write that was overtaken by a truncation makes nothing durable that is not its own") {
  Log log;
  for (std::uint64_t i = 1; i <= 4; ++i) log.append(entry(i, 1), WriteSequence(i));
  log.complete(WriteSequence(2));
  log.truncate(LogIndex(3));
  log.append(entry(3, 2), WriteSequence(5));
  log.append(entry(4, 2), WriteSequence(6));
  CHECK(log.durable_with(LogIndex(3)) == WriteSequence(5));
  log.complete(WriteSequence(4));
  CHECK(log.durable_index() == LogIndex(2));
  log.complete(WriteSequence(5));
  CHECK(log.durable_index() == LogIndex(3));
  CHECK(log.durable_with(LogIndex(3)) == WriteSequence());
  CHECK(log.durable_with(LogIndex(4)) == WriteSequence(6));
}

TEST_CASE("a truncation takes back terms, cached entries and what is durable") {
  Log log;
  const std::uint64_t terms[] = {1, 1, 2, 3, 3};
  for (std::uint64_t i = 0; i < 5; ++i) log.recover(entry(i + 1, terms[i]));
  log.truncate(LogIndex(3));
  CHECK(log.last_index() == LogIndex(2));
  CHECK(log.last_term() == Term(1));
  CHECK(log.durable_index() == LogIndex(2));
  CHECK(log.cached_bytes() == 20);
  CHECK(log.cached(LogIndex(3)) == nullptr);
  CHECK_FALSE(log.term(LogIndex(3)).has_value());
}

TEST_CASE("the membership is that of the last entry that says one, and a truncation brings back the one before") {
  Log log;
  const auto members = [](std::uint64_t index, std::uint64_t node) {
    Entry made = entry(index, 1);
    made.kind = EntryKind::membership;
    made.membership = std::make_shared<const Membership>(Membership{{{NodeId(node)}}});
    return made;
  };
  CHECK(log.membership().members.empty());
  log.recover(members(1, 7));
  log.recover(entry(2, 1));
  log.recover(members(3, 8));
  CHECK(log.membership().has_voter(NodeId(8)));
  CHECK(log.membership_index() == LogIndex(3));
  log.truncate(LogIndex(3));
  CHECK(log.membership().has_voter(NodeId(7)));
  CHECK_FALSE(log.membership().has_voter(NodeId(8)));
  CHECK(log.membership_index() == LogIndex(1));
}

TEST_CASE("of any index it is known which membership was in force, and whom it or a later one counts") {
  Log log(LogIndex(4), Term(1), {{{NodeId(7)}}});
  const auto members = [](std::uint64_t index, std::uint64_t node) {
    Entry made = entry(index, 1);
    made.kind = EntryKind::membership;
    made.membership =
        std::make_shared<const Membership>(Membership{{{NodeId(node)}, {NodeId(100), {}, {}, Standing::learner}}});
    return made;
  };
  log.recover(entry(5, 1));
  log.recover(members(6, 8));
  log.recover(entry(7, 1));
  log.recover(members(8, 9));
  CHECK(log.membership_as_of(LogIndex(4)).index == LogIndex(4));
  CHECK(log.membership_as_of(LogIndex(5)).membership->has_voter(NodeId(7)));
  CHECK(log.membership_as_of(LogIndex(6)).membership->has_voter(NodeId(8)));
  CHECK(log.membership_as_of(LogIndex(7)).index == LogIndex(6));
  CHECK(log.membership_as_of(LogIndex(100)).membership->has_voter(NodeId(9)));
  const auto counts_since = [&](LogIndex index, NodeId node) {
    return log.any_since(index, [&](const Membership& one) { return one.has_voter(node); });
  };
  CHECK(counts_since(LogIndex(5), NodeId(7)));
  CHECK_FALSE(counts_since(LogIndex(6), NodeId(7)));
  CHECK(counts_since(LogIndex(7), NodeId(8)));
  CHECK(counts_since(LogIndex(4), NodeId(9)));
  CHECK_FALSE(counts_since(LogIndex(4), NodeId(100)));
}

TEST_CASE("a membership behind an entry names a node only when it is of no earlier term") {
  Log log(LogIndex(4), Term(2), {{{NodeId(7)}}});
  Entry made = entry(6, 3);
  made.kind = EntryKind::membership;
  made.membership = std::make_shared<const Membership>(Membership{{{NodeId(7)}, {NodeId(8)}}});
  log.recover(entry(5, 3));
  log.recover(made);
  const auto names = [&](std::uint64_t index, std::uint64_t term, std::uint64_t node) {
    return log.any_after(LogIndex(index), Term(term),
                         [&](const Membership& one) { return one.find(NodeId(node)) != nullptr; });
  };
  CHECK(names(5, 3, 8));
  CHECK(names(5, 2, 8));
  CHECK_FALSE(names(5, 4, 8));
  CHECK_FALSE(names(6, 3, 8));
  CHECK_FALSE(names(5, 3, 9));
  CHECK(names(3, 1, 7));
}

TEST_CASE("the last entry that is not of a later term is found by runs of terms") {
  Log log;
  const std::uint64_t terms[] = {1, 1, 4, 4, 6};
  for (std::uint64_t i = 0; i < 5; ++i) log.recover(entry(i + 1, terms[i]));
  CHECK(log.last_not_after(LogIndex(5), Term(6)) == LogIndex(5));
  CHECK(log.last_not_after(LogIndex(5), Term(5)) == LogIndex(4));
  CHECK(log.last_not_after(LogIndex(3), Term(5)) == LogIndex(3));
  CHECK(log.last_not_after(LogIndex(4), Term(3)) == LogIndex(2));
  CHECK(log.last_not_after(LogIndex(5), Term(0)) == LogIndex(0));
}

TEST_CASE("the cache is cut from the front to its bound, but never into what is not durable") {
  Log log;
  for (std::uint64_t i = 1; i <= 10; ++i) log.append(entry(i, 1, 100), WriteSequence(i));
  log.complete(WriteSequence(6));
  log.trim_cache(500);
  CHECK(log.cached_bytes() == 500);
  CHECK(log.cached(LogIndex(5)) == nullptr);
  REQUIRE(log.cached(LogIndex(6)) != nullptr);
  CHECK(log.cached(LogIndex(6))->index == LogIndex(6));
  log.trim_cache(0);
  CHECK(log.cached_bytes() == 400);
  CHECK(log.cached(LogIndex(6)) == nullptr);
  CHECK(log.cached(LogIndex(7)) != nullptr);
  CHECK(log.term(LogIndex(1)) == Term(1));
}

Entry membership_entry(std::uint64_t index, std::uint64_t term, std::uint64_t node) {
  Entry made = entry(index, term);
  made.kind = EntryKind::membership;
  made.membership = std::make_shared<const Membership>(Membership{{{NodeId(node)}}});
  return made;
}

TEST_CASE("a compaction forgets the entries up to the boundary, and keeps its term") {
  const std::uint64_t terms[] = {1, 1, 2, 2, 5, 5};
  for (std::uint64_t up_to = 1; up_to <= 6; ++up_to) {
    Log log;
    for (std::uint64_t i = 0; i < 6; ++i) log.recover(entry(i + 1, terms[i]));
    log.compact(LogIndex(up_to));
    CHECK(log.boundary() == LogIndex(up_to));
    CHECK(log.last_index() == LogIndex(6));
    CHECK(log.durable_index() == LogIndex(6));
    CHECK(log.last_term() == Term(5));
    CHECK_FALSE(log.term(LogIndex(up_to - 1)).has_value());
    CHECK(log.cached(LogIndex(up_to)) == nullptr);
    CHECK(log.cached_bytes() == 10 * (6 - up_to));
    for (std::uint64_t i = up_to; i <= 6; ++i) CHECK(log.term(LogIndex(i)) == Term(terms[i - 1]));
    CHECK(log.last_not_after(LogIndex(6), Term(1)) == LogIndex(std::max<std::uint64_t>(up_to, 2)));
    log.recover(entry(7, 6));
    CHECK(log.last_term() == Term(6));
    CHECK(log.term(LogIndex(6)) == Term(5));
    log.compact(LogIndex(7));
    CHECK(log.last_term() == Term(6));
    CHECK(log.cached_bytes() == 0);
  }
}

TEST_CASE("after a compaction a truncation brings back the membership as of the boundary") {
  Log log;
  log.recover(membership_entry(1, 1, 7));
  log.recover(entry(2, 1));
  log.recover(membership_entry(3, 1, 8));
  log.recover(entry(4, 1));
  log.recover(membership_entry(5, 1, 9));
  log.compact(LogIndex(4));
  CHECK(log.membership().has_voter(NodeId(9)));
  CHECK(log.membership_index() == LogIndex(5));
  log.truncate(LogIndex(5));
  CHECK(log.membership().has_voter(NodeId(8)));
  CHECK(log.membership_index() == LogIndex(4));
  CHECK(log.last_index() == log.boundary());
}

TEST_CASE("entries under way to the disk outlive a compaction of those before them") {
  Log log;
  for (std::uint64_t i = 1; i <= 4; ++i) log.append(entry(i, 1), WriteSequence(i));
  log.complete(WriteSequence(2));
  log.compact(LogIndex(2));
  CHECK(log.durable_index() == LogIndex(2));
  CHECK(log.durable_with(LogIndex(4)) == WriteSequence(4));
  log.complete(WriteSequence(3));
  CHECK(log.durable_index() == LogIndex(3));
}

TEST_CASE("a log that was reset holds nothing, and is durable again with the write that empties it") {
  Log log;
  log.recover(membership_entry(1, 1, 7));
  log.append(entry(2, 1), WriteSequence(4));
  log.append(membership_entry(3, 1, 8), WriteSequence(5));
  log.reset(LogIndex(9), Term(3), std::make_shared<const Membership>(Membership{{{NodeId(5)}}}), WriteSequence(6));
  CHECK(log.boundary() == LogIndex(9));
  CHECK(log.last_index() == LogIndex(9));
  CHECK(log.last_term() == Term(3));
  CHECK(log.term(LogIndex(9)) == Term(3));
  CHECK_FALSE(log.term(LogIndex(3)).has_value());
  CHECK(log.cached_bytes() == 0);
  CHECK(log.membership().has_voter(NodeId(5)));
  CHECK(log.membership_index() == LogIndex(9));
  CHECK(log.durable_with(LogIndex(9)) == WriteSequence(6));
  log.complete(WriteSequence(5));
  CHECK(log.durable_index() < LogIndex(9));
  log.append(entry(10, 3), WriteSequence(7));
  CHECK(log.durable_with(LogIndex(10)) == WriteSequence(7));
  log.complete(WriteSequence(6));
  CHECK(log.durable_index() == LogIndex(9));
  CHECK(log.durable_with(LogIndex(9)) == WriteSequence());
  log.truncate(LogIndex(10));
  CHECK(log.membership().has_voter(NodeId(5)));
}

}  // namespace
}  // namespace tenon::raft
