// SPDX-License-Identifier: MIT
#include "raft/raft.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace tenon::raft {
namespace {

const NodeId kSelf(1);
const NodeId kPeer(2);

Entry entry(std::uint64_t index, std::uint64_t term, std::size_t size = 100) {
  auto owner = std::make_shared<const std::string>(size, 'x');
  return {LogIndex(index), Term(term), EntryKind::commands, {owner, *owner}};
}

std::shared_ptr<const Membership> members() {
  return std::make_shared<const Membership>(Membership{{{kSelf}, {kPeer}}});
}

// One of two voters, with a log of `entries` entries of term 1 behind `boundary`.
struct Core {
  Core(std::uint64_t boundary, std::uint64_t entries, Settings settings = {})
      : raft(named(settings), recovered(boundary, entries), Random(1), now) {}

  static Settings named(Settings settings) {
    settings.self = kSelf;
    return settings;
  }
  static Recovered recovered(std::uint64_t boundary, std::uint64_t entries) {
    Recovered found{{Term(1), NodeId()}, Log(LogIndex(boundary), Term(1), *members()), WriteSequence(1)};
    for (std::uint64_t i = 1; i <= entries; ++i) found.log.recover(entry(boundary + i, 1));
    return found;
  }
  Effects step(Happening what) {
    Effects effects;
    raft.step({now, std::move(what)}, effects);
    return effects;
  }
  Effects hear(Message message) { return step(Received{kPeer, std::move(message)}); }
  // To a leader whose first entry is durable, and stands behind what was recovered.
  void lead() {
    now += std::chrono::seconds(2);
    step(Tick{});  // time has jumped
    now += std::chrono::seconds(2);
    step(Tick{});
    const Effects asks = hear(VoteReply{Term(2), Ballot::pre_vote, true});
    REQUIRE(asks.write.has_value());
    step(WriteDurable{asks.write->sequence});
    const Effects elected = hear(VoteReply{Term(2), Ballot::vote, true});
    REQUIRE(raft.role() == RoleName::leader);
    step(WriteDurable{elected.write->sequence});
  }
  ProgressState peer_state() const { return raft.peers().at(0).state; }

  Instant now = Instant(std::chrono::hours(600));
  Raft raft;
};

std::size_t appends(const Effects& effects) {
  const auto is_append = [](const Send& send) { return std::holds_alternative<Append>(send.message); };
  return static_cast<std::size_t>(std::count_if(effects.sends.begin(), effects.sends.end(), is_append));
}

TEST_CASE("a core starts from a boundary, and votes and stands with its term") {
  Core core(7, 0);
  CHECK(core.raft.commit_index() == LogIndex(7));
  core.now += std::chrono::seconds(2);
  const Effects older = core.hear(VoteRequest{Term(2), Ballot::pre_vote, Cause::timeout, LogIndex(6), Term(1)});
  REQUIRE(older.votes.size() == 1);
  CHECK(older.votes[0].verdict == Verdict::old_log);
  const Effects same = core.hear(VoteRequest{Term(2), Ballot::pre_vote, Cause::timeout, LogIndex(7), Term(1)});
  CHECK(same.votes.at(0).verdict == Verdict::granted);
  core.lead();
  CHECK(core.raft.leadership_start() == LogIndex(8));
  core.hear(AppendAccepted{Term(2), LogIndex(8)});
  CHECK(core.raft.commit_index() == LogIndex(8));
}

TEST_CASE("a compaction is written once, and one that was done before is ignored") {
  Core core(0, 5);
  core.hear(Append{Term(1), LogIndex(5), Term(1), LogIndex(4), {}});
  const Effects effects = core.step(Compact{LogIndex(3)});
  REQUIRE(effects.write.has_value());
  CHECK(effects.write->compact_to == LogIndex(3));
  CHECK_FALSE(effects.write->truncate_from.has_value());
  CHECK(core.raft.log().boundary() == LogIndex(3));
  CHECK_FALSE(core.step(Compact{LogIndex(3)}).write.has_value());
  CHECK_FALSE(core.step(Compact{LogIndex(2)}).write.has_value());
}

TEST_CASE("an image that replaces the log is answered when the write that empties the log is durable, not before") {
  Core core(0, 3);
  core.hear(Heartbeat{Term(1), LogIndex(0), 1});
  const Effects installed = core.step(ImageReceived{LogIndex(9), Term(1), members(), kPeer});
  REQUIRE(installed.write.has_value());
  CHECK(installed.write->compact_to == LogIndex(9));
  CHECK_FALSE(installed.write->truncate_from.has_value());
  CHECK(installed.sends.empty());
  CHECK(core.raft.commit_index() == LogIndex(9));
  CHECK(core.raft.log().durable_index() < LogIndex(9));
  // Nor does an Append say it that goes on from there.
  const Effects appended = core.hear(Append{Term(1), LogIndex(9), Term(1), LogIndex(9), {}});
  CHECK(appended.sends.empty());
  const Effects done = core.step(WriteDurable{installed.write->sequence});
  REQUIRE(done.sends.size() == 1);  // one answer says all
  CHECK(std::get<AppendAccepted>(done.sends[0].message).match_index == LogIndex(9));
  CHECK(core.raft.log().durable_index() == LogIndex(9));
}

TEST_CASE("what is written with an install is truncated where the image ends") {
  Core core(0, 3);
  Effects effects;
  core.raft.step({core.now, Received{kPeer, Append{Term(1), LogIndex(3), Term(1), LogIndex(0), {entry(4, 1)}}}},
                 effects);
  core.hear(Heartbeat{Term(2), LogIndex(0), 1});
  SECTION("a log that ends behind the image") {
    const Effects installed = core.step(ImageReceived{LogIndex(3), Term(2), members(), kPeer});
    REQUIRE(installed.write.has_value());
    CHECK(installed.write->truncate_from == LogIndex(3));
    CHECK(installed.write->compact_to == LogIndex(3));
    CHECK(core.raft.log().last_index() == LogIndex(3));
    CHECK(core.raft.log().last_term() == Term(2));
  }
  SECTION("a log that holds the end of the image is kept") {
    const Effects installed = core.step(ImageReceived{LogIndex(2), Term(1), members(), kPeer});
    CHECK_FALSE(installed.write.has_value());
    CHECK(core.raft.log().last_index() == LogIndex(4));
    CHECK(core.raft.log().boundary() == LogIndex(0));
    CHECK(core.raft.commit_index() == LogIndex(2));
  }
}

TEST_CASE("a candidate whose log is replaced by an image stands no more") {
  Core core(0, 1);
  core.now += std::chrono::seconds(2);
  core.step(Tick{});
  core.now += std::chrono::seconds(2);
  core.step(Tick{});
  REQUIRE(core.raft.role() == RoleName::candidate);
  const Effects installed = core.step(ImageReceived{LogIndex(4), Term(1), members(), kPeer});
  CHECK(core.raft.role() == RoleName::follower);
  CHECK(core.raft.commit_index() == LogIndex(4));
  CHECK(core.step(WriteDurable{installed.write->sequence}).sends.empty());
}

TEST_CASE("a leader that is told of a late image learns what is committed, and keeps its log") {
  Core core(0, 3);
  core.lead();
  const Effects told = core.step(ImageReceived{LogIndex(2), Term(1), members(), kPeer});
  CHECK_FALSE(told.write.has_value());
  CHECK(told.sends.empty());
  CHECK(core.raft.commit_index() == LogIndex(2));
  CHECK(core.raft.log().last_index() == LogIndex(4));
}

TEST_CASE("a read for a peer that is under way while the log is compacted leads to an image") {
  Settings settings;
  settings.log_cache_bytes_max = 0;
  Core core(0, 6, settings);
  core.lead();
  core.step(Tick{});
  core.hear(AppendRejected{Term(2), LogIndex(6), LogIndex(2), Term(1)});
  const Effects asks = core.step(Tick{});
  REQUIRE(asks.entries_wanted.size() == 1);
  CHECK(asks.entries_wanted[0].first == LogIndex(3));
  core.step(ImageReceived{LogIndex(5), Term(1), members(), kSelf});
  core.step(Compact{LogIndex(3)});
  SECTION("what was read is not sent") { CHECK(appends(core.step(EntriesRead{kPeer, {entry(3, 1)}})) == 0); }
  SECTION("what is there no more is not read") { CHECK(appends(core.step(EntriesRead{kPeer, {}})) == 0); }
  const Effects after = core.step(Tick{});
  REQUIRE(after.images_wanted.size() == 1);
  CHECK(after.images_wanted[0].peer == kPeer);
  CHECK(core.peer_state() == ProgressState::snapshot);
  CHECK(core.step(Tick{}).images_wanted.empty());
}

TEST_CASE("a read that was asked for in the step before a compaction is taken back") {
  Settings settings;
  settings.log_cache_bytes_max = 0;
  Core core(0, 6, settings);
  core.lead();
  core.step(Tick{});
  core.hear(AppendRejected{Term(2), LogIndex(6), LogIndex(2), Term(1)});
  core.step(ImageReceived{LogIndex(5), Term(1), members(), kSelf});
  Effects effects;
  core.raft.step({core.now, Tick{}}, effects);
  REQUIRE(effects.entries_wanted.size() == 1);
  core.raft.step({core.now, Compact{LogIndex(5)}}, effects);
  CHECK(effects.entries_wanted.empty());
  CHECK(core.step(Tick{}).images_wanted.size() == 1);
}

TEST_CASE("a peer whose window is full when the log is cut waits for an image, and is asked after nothing") {
  Settings settings;
  settings.window_appends_max = 1;
  settings.append_entries_max = 1;
  Core core(0, 1, settings);
  core.lead();
  core.step(Tick{});
  core.hear(AppendAccepted{Term(2), LogIndex(2)});
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const Effects proposed = core.step(Propose{Token(i), EntryKind::commands, entry(2 + i, 2).data});
    core.step(WriteDurable{proposed.write->sequence});
  }
  CHECK(appends(core.step(Tick{})) == 1);
  CHECK(core.raft.peers().at(0).next_index == LogIndex(4));
  core.step(ImageReceived{LogIndex(4), Term(2), members(), kSelf});
  core.step(Compact{LogIndex(4)});
  core.hear(HeartbeatReply{Term(2), 1, LogIndex(0)});
  const Effects cut = core.step(Tick{});
  CHECK(cut.images_wanted.size() == 1);
  CHECK(appends(cut) == 0);
  core.hear(AppendAccepted{Term(2), LogIndex(3)});
  CHECK(core.step(Tick{}).images_wanted.size() == 1);
  CHECK(core.peer_state() == ProgressState::snapshot);
  core.hear(AppendAccepted{Term(2), LogIndex(4)});
  CHECK(core.peer_state() != ProgressState::snapshot);
  CHECK(appends(core.step(Tick{})) == 1);
}

TEST_CASE("an Append from before the boundary is acknowledged up to the boundary, and nothing is written again") {
  Core core(5, 1);
  core.hear(Heartbeat{Term(1), LogIndex(0), 1});
  const Effects passed = core.hear(Append{Term(1), LogIndex(2), Term(1), LogIndex(2), {entry(3, 1), entry(4, 1)}});
  CHECK_FALSE(passed.write.has_value());
  REQUIRE(passed.sends.size() == 1);
  CHECK(std::get<AppendAccepted>(passed.sends[0].message).match_index == LogIndex(5));
  const Effects overlapping =
      core.hear(Append{Term(1), LogIndex(4), Term(1), LogIndex(5), {entry(5, 1), entry(6, 1), entry(7, 1)}});
  REQUIRE(overlapping.write.has_value());
  REQUIRE(overlapping.write->entries.size() == 1);
  CHECK(overlapping.write->entries[0].index == LogIndex(7));
}

}  // namespace
}  // namespace tenon::raft
