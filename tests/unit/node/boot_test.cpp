// SPDX-License-Identifier: MIT
#include "node/boot.hpp"

#include "support/catch.hpp"
#include "wire/entry_data.hpp"
#include "wire/hard_state.hpp"

namespace tenon::node {
namespace {

using raft::LogIndex;
using raft::NodeId;
using raft::Term;

constexpr std::uint64_t kCacheBytesMax = 1u << 20;
const raft::Membership kMembers{{{NodeId(1)}}};

std::string hard_state(std::uint64_t term) { return wire::encode_hard_state({Term(term), NodeId(1)}); }

TEST_CASE("a birth is read back as what a member starts with") {
  const Birth born = birth(kMembers);
  Boot boot(born.hard_state, kCacheBytesMax);
  boot.feed(born.index, born.term, born.entry_data);
  const std::optional<Recovered> recovered = boot.finish(raft::WriteSequence(1));
  REQUIRE(recovered.has_value());
  CHECK(recovered->raft.hard_state == raft::HardState{Term(1), NodeId()});
  CHECK(recovered->raft.log.membership() == kMembers);
  CHECK(recovered->raft.log.last_index() == LogIndex(1));
  CHECK(recovered->raft.log.durable_index() == LogIndex(1));
  CHECK(recovered->raft.last_sequence == raft::WriteSequence(1));
}

TEST_CASE("two births of the same members are the same bytes") {
  CHECK(birth(kMembers).entry_data == birth(kMembers).entry_data);
  CHECK(birth(kMembers).hard_state == birth(kMembers).hard_state);
}

TEST_CASE("the last membership entry counts, and the cache keeps to its bound") {
  Boot boot(hard_state(7), 2000);
  boot.feed(LogIndex(1), Term(1), wire::encode_membership(kMembers));
  const std::string command(1000, 'c');
  const std::string_view commands[] = {command};
  for (std::uint64_t index = 2; index < 100; ++index) {
    boot.feed(LogIndex(index), Term(2), wire::encode_commands(index, commands));
  }
  const raft::Membership later{{{NodeId(1)}, {NodeId(4)}}};
  boot.feed(LogIndex(100), Term(7), wire::encode_membership(later));
  const std::optional<Recovered> recovered = boot.finish({});
  REQUIRE(recovered.has_value());
  CHECK(recovered->raft.log.membership() == later);
  CHECK(recovered->raft.log.cached_bytes() <= 2000);
  CHECK(recovered->raft.log.term(LogIndex(50)) == Term(2));
}

TEST_CASE("a hard state that cannot be read is refused") {
  std::string damaged = hard_state(3);
  damaged[10] = static_cast<char>(damaged[10] ^ 1);
  CHECK(Boot(damaged, kCacheBytesMax).error().has_value());
  CHECK(Boot("short", kCacheBytesMax).error().has_value());
}

TEST_CASE("an entry that cannot be read is refused with its index") {
  Boot boot(hard_state(3), kCacheBytesMax);
  boot.feed(LogIndex(1), Term(1), wire::encode_membership(kMembers));
  boot.feed(LogIndex(2), Term(1), "not an entry");
  REQUIRE(boot.error().has_value());
  CHECK(boot.error()->find("index 2") != std::string::npos);
}

TEST_CASE("a log with a gap, or in which terms fall, is refused") {
  for (const auto& [index, term] : {std::pair<std::uint64_t, std::uint64_t>{3, 2}, {2, 1}}) {
    Boot boot(hard_state(3), kCacheBytesMax);
    boot.feed(LogIndex(1), Term(2), wire::encode_membership(kMembers));
    boot.feed(LogIndex(index), Term(term), wire::encode_no_op());
    CHECK(boot.error().has_value());
  }
}

TEST_CASE("a log without members, or of a later term than the hard state, is refused") {
  Boot without(hard_state(3), kCacheBytesMax);
  without.feed(LogIndex(1), Term(1), wire::encode_no_op());
  CHECK_FALSE(without.finish({}).has_value());
  Boot later(hard_state(3), kCacheBytesMax);
  later.feed(LogIndex(1), Term(4), wire::encode_membership(kMembers));
  CHECK_FALSE(later.finish({}).has_value());
}

TEST_CASE("a node that waits for a cluster begins with nothing, or with the term that it has heard of") {
  Boot fresh({}, kCacheBytesMax);
  const std::optional<Recovered> recovered = fresh.finish({});
  REQUIRE(recovered.has_value());
  CHECK(recovered->raft.log.membership().members.empty());
  CHECK(recovered->raft.hard_state.term == Term(0));
  Boot heard(hard_state(3), kCacheBytesMax);
  CHECK(heard.finish({})->raft.hard_state.term == Term(3));
}

}  // namespace
}  // namespace tenon::node
