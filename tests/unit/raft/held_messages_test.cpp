// SPDX-License-Identifier: MIT
// What waits for a write to be durable: how much of it, and what of it still leaves.
#include <algorithm>

#include "raft/raft.hpp"
#include "support/catch.hpp"

namespace tenon::raft {
namespace {

const NodeId kSelf(1);
const NodeId kLeader(2);

// One of three voters, on a disk that is as slow as a test likes.
struct Voter {
  Voter() : raft(settings(), recovered(), Random(1), now) {}

  static Settings settings() {
    Settings settings;
    settings.self = kSelf;
    return settings;
  }
  static Recovered recovered() {
    const Membership members{{{kSelf}, {kLeader}, {NodeId(3)}}};
    Recovered recovered{{Term(1), NodeId()}, Log(), WriteSequence(1)};
    recovered.log.recover(
        {LogIndex(1), Term(1), EntryKind::membership, {}, std::make_shared<const Membership>(members)});
    return recovered;
  }
  Effects step(Happening what) {
    Effects effects;
    raft.step({now, std::move(what)}, effects);
    if (effects.write) last_write = effects.write->sequence;
    return effects;
  }
  // The leader's entry behind `previous`, or none.
  Effects hear_append(std::uint64_t previous, bool has_entry) {
    Append append{Term(2), LogIndex(previous), Term(previous == 1 ? 1 : 2), LogIndex(1), {}};
    if (has_entry) append.entries.push_back({LogIndex(previous + 1), Term(2), EntryKind::no_op, {}, nullptr});
    return step(Received{kLeader, append});
  }

  Instant now = Instant(std::chrono::hours(600));
  WriteSequence last_write;
  Raft raft;
};

std::vector<LogIndex> acknowledged(const Effects& effects) {
  std::vector<LogIndex> matches;
  for (const Send& send : effects.sends) {
    if (const auto* accepted = std::get_if<AppendAccepted>(&send.message)) matches.push_back(accepted->match_index);
  }
  return matches;
}

TEST_CASE("while its disk stands still a follower holds a bounded number of answers, however often it is asked") {
  Voter voter;
  voter.hear_append(1, true);
  for (int i = 0; i < 10'000; ++i) CHECK(acknowledged(voter.hear_append(2, false)).empty());
  CHECK(voter.raft.held() == 1);
  CHECK(acknowledged(voter.step(WriteDurable{voter.last_write})) == std::vector{LogIndex(2)});
  CHECK(voter.raft.held() == 0);
}

TEST_CASE("the answer that says the most is kept, and earlier ones leave as soon as their own writes are durable") {
  Voter voter;
  constexpr std::uint64_t last = 2 * Raft::kHeldOfKindMax;
  std::vector<WriteSequence> writes(last + 1);
  for (std::uint64_t index = 2; index <= last; ++index) {
    voter.hear_append(index - 1, true);
    writes[index] = voter.last_write;
  }
  CHECK(voter.raft.held() == Raft::kHeldOfKindMax);
  voter.hear_append(2, false);  // it was overtaken, and says less than what is held
  CHECK(acknowledged(voter.step(WriteDurable{writes[2]})) == std::vector{LogIndex(2)});
  CHECK(acknowledged(voter.step(WriteDurable{writes[3]})) == std::vector{LogIndex(3)});
  CHECK(acknowledged(voter.step(WriteDurable{writes[last]})) == std::vector{LogIndex(last)});
}

TEST_CASE("whoever asks for votes, members or not, a node whose disk stands still holds a bounded number of answers") {
  Voter voter;
  voter.now += std::chrono::seconds(1);
  voter.step(Received{kLeader, VoteRequest{Term(2), Ballot::vote, Cause::transfer, LogIndex(9), Term(1)}});
  REQUIRE(voter.last_write != WriteSequence());
  std::size_t dropped = 0;
  for (std::uint64_t node = 3; node < 2 * Raft::kHeldMax; ++node) {
    const Effects effects =
        voter.step(Received{NodeId(node), VoteRequest{Term(2), Ballot::vote, Cause::transfer, LogIndex(9), Term(1)}});
    dropped += static_cast<std::size_t>(std::count(effects.drops.begin(), effects.drops.end(), Drop::not_a_member));
  }
  CHECK(voter.raft.held() == Raft::kHeldMax);
  CHECK(dropped > 0);
  const Effects released = voter.step(WriteDurable{voter.last_write});
  REQUIRE_FALSE(released.sends.empty());
  CHECK(released.sends.front().to == kLeader);
  CHECK(std::get<VoteReply>(released.sends.front().message).granted);
}

TEST_CASE("a candidate that was told of its removal while its vote was written asks nobody for theirs") {
  const bool is_removed = GENERATE(true, false);
  Voter voter;
  voter.now += std::chrono::seconds(1);
  voter.step(Tick{});
  const Effects late = voter.step(Tick{});  // time had jumped, so it waits for what may have come meanwhile
  REQUIRE(late.sends.empty());
  voter.now += std::chrono::milliseconds(50);
  voter.step(Tick{});
  REQUIRE(voter.raft.role() == RoleName::candidate);
  const Effects elected = voter.step(Received{kLeader, VoteReply{Term(2), Ballot::pre_vote, true}});
  REQUIRE(elected.write.has_value());
  REQUIRE(elected.sends.empty());
  if (is_removed) voter.step(Received{NodeId(3), Removed{Term(2), LogIndex(5), Term(2)}});
  const Effects durable = voter.step(WriteDurable{voter.last_write});
  const auto asks = [](const Send& send) { return std::holds_alternative<VoteRequest>(send.message); };
  CHECK(std::count_if(durable.sends.begin(), durable.sends.end(), asks) == (is_removed ? 0 : 2));
}

}  // namespace
}  // namespace tenon::raft
