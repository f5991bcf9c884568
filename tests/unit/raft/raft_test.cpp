// SPDX-License-Identifier: MIT
#include "raft/raft.hpp"

#include "support/catch.hpp"

namespace tenon::raft {
namespace {

using std::chrono::milliseconds;

const NodeId kSelf(1);

Payload bytes_of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view view = *owner;
  return {std::move(owner), view};
}

// One core with what a driver does around it, step by step.
struct Core {
  explicit Core(const std::vector<NodeId>& voters = {kSelf}, HardState hard_state = {Term(1), NodeId()})
      : raft(settings(), recovered(voters, hard_state), Random(1), now) {}
  explicit Core(Membership members)
      : raft(settings(), recovered_with(std::move(members), {Term(1), NodeId()}), Random(1), now) {}

  static Settings settings() {
    Settings settings;
    settings.self = kSelf;
    settings.no_op_data = bytes_of("no-op");
    return settings;
  }
  static Recovered recovered(const std::vector<NodeId>& voters, HardState hard_state) {
    Membership members;
    for (const NodeId voter : voters) members.members.push_back({voter});
    return recovered_with(std::move(members), hard_state);
  }
  static Recovered recovered_with(Membership members, HardState hard_state) {
    Recovered recovered{hard_state, Log(), WriteSequence(1)};
    recovered.log.recover({LogIndex(1), Term(1), EntryKind::membership, bytes_of("members"),
                           std::make_shared<const Membership>(std::move(members))});
    return recovered;
  }

  Effects step(Happening what) {
    Effects effects;
    raft.step({now, std::move(what)}, effects);
    return effects;
  }
  // From the start to a leader whose no-op is handed to storage and not yet durable; returns that write.
  Write lead() {
    const Effects campaign = step(Tick{});
    REQUIRE(campaign.write.has_value());
    const Effects elected = step(WriteDurable{campaign.write->sequence});
    REQUIRE(raft.role() == RoleName::leader);
    REQUIRE(elected.write.has_value());
    return *elected.write;
  }

  Instant now = Instant(std::chrono::hours(600));  // past 2^31 milliseconds
  Raft raft;
};

TEST_CASE("the only voter campaigns at once, and in a new term with its own vote") {
  Core core({kSelf}, {Term(4), NodeId()});
  CHECK(core.raft.next_deadline() == core.now);
  const Effects effects = core.step(Tick{});
  REQUIRE(effects.write.has_value());
  CHECK(effects.write->hard_state == HardState{Term(5), kSelf});
  CHECK(effects.write->entries.empty());
  CHECK(core.raft.role() == RoleName::candidate);
  CHECK(core.raft.term() == Term(5));
}

TEST_CASE("a candidate does not count its own vote before that is durable") {
  Core core;
  const Effects campaign = core.step(Tick{});
  const WriteSequence vote = campaign.write->sequence;
  core.step(WriteDurable{vote.previous()});
  CHECK(core.raft.role() == RoleName::candidate);
  core.now += std::chrono::hours(1);
  core.step(Tick{});
  CHECK(core.raft.role() == RoleName::candidate);
  CHECK(core.raft.term() == Term(2));
  core.step(WriteDurable{vote});
  CHECK(core.raft.role() == RoleName::leader);
}

TEST_CASE("a leader begins with a no-op of its term, and commits nothing before that is durable (paper 5.4.2)") {
  Core core;
  const Write no_op = core.lead();
  REQUIRE(no_op.entries.size() == 1);
  CHECK(no_op.entries[0].kind == EntryKind::no_op);
  CHECK(no_op.entries[0].term == core.raft.term());
  CHECK(no_op.entries[0].index == LogIndex(2));
  CHECK(no_op.entries[0].data.bytes == "no-op");
  CHECK(core.raft.commit_index() == LogIndex(0));
  core.step(WriteDurable{no_op.sequence});
  CHECK(core.raft.commit_index() == LogIndex(2));
}

TEST_CASE("a proposal is committed when its own write is durable, not before") {
  Core core;
  core.step(WriteDurable{core.lead().sequence});
  const Effects first = core.step(Propose{Token(10), EntryKind::commands, bytes_of("a")});
  const Effects second = core.step(Propose{Token(11), EntryKind::commands, bytes_of("b")});
  REQUIRE(first.proposed.size() == 1);
  CHECK(first.proposed[0].token == Token(10));
  CHECK(first.proposed[0].index == LogIndex(3));
  CHECK(first.proposed[0].term == core.raft.term());
  CHECK(core.raft.commit_index() == LogIndex(2));
  CHECK(second.write->sequence == first.write->sequence.next());
  core.step(WriteDurable{first.write->sequence});
  CHECK(core.raft.commit_index() == LogIndex(3));
  core.step(WriteDurable{second.write->sequence});
  CHECK(core.raft.commit_index() == LogIndex(4));
}

TEST_CASE("a completed write that holds nothing new commits nothing") {
  Core core;
  const Write no_op = core.lead();
  core.step(WriteDurable{no_op.sequence});
  core.step(WriteDurable{no_op.sequence});
  CHECK(core.raft.commit_index() == LogIndex(2));
}

TEST_CASE("a read waits for the first commit of the term, also with one voter (thesis 6.4)") {
  Core core;
  const Write no_op = core.lead();
  CHECK(core.step(Read{Token(1)}).reads.empty());
  core.step(Read{Token(2)});
  CHECK(core.step(Tick{}).reads.empty());
  core.step(WriteDurable{no_op.sequence});
  const Effects committed = core.step(Tick{});
  REQUIRE(committed.reads.size() == 2);
  CHECK(committed.reads[0].token == Token(1));
  CHECK(committed.reads[0].index == LogIndex(2));
  CHECK(committed.reads[1].token == Token(2));
  core.step(Read{Token(3)});
  const Effects later = core.step(Tick{});
  REQUIRE(later.reads.size() == 1);
  CHECK(later.reads[0].index == LogIndex(2));
}

TEST_CASE("before an election is won, proposals and reads are rejected and nothing is written for them") {
  Core core;
  const Effects proposal = core.step(Propose{Token(1), EntryKind::commands, bytes_of("a")});
  REQUIRE(proposal.rejected.size() == 1);
  CHECK(proposal.rejected[0].token == Token(1));
  CHECK(proposal.rejected[0].why == Rejection::not_leader);
  CHECK_FALSE(proposal.write.has_value());
  CHECK(core.step(Read{Token(2)}).rejected.size() == 1);
}

TEST_CASE("one of several voters waits a random election timeout, and asks before it raises its term (thesis 9.6)") {
  Core core({kSelf, NodeId(2), NodeId(3)});
  const std::optional<Instant> deadline = core.raft.next_deadline();
  REQUIRE(deadline.has_value());
  CHECK(*deadline >= core.now + milliseconds(500));
  CHECK(*deadline < core.now + milliseconds(1000));
  core.now = *deadline - Duration(1);
  CHECK(core.step(Tick{}).sends.empty());
  core.now = *deadline;
  const Effects asked = core.step(Tick{});
  CHECK_FALSE(asked.write.has_value());
  REQUIRE(asked.sends.size() == 2);
  CHECK(std::get<VoteRequest>(asked.sends[0].message).ballot == Ballot::pre_vote);
  CHECK(core.raft.term() == Term(1));
}

TEST_CASE("requests for votes leave only when the own vote is durable, and a majority makes a leader") {
  Core core({kSelf, NodeId(2), NodeId(3)});
  core.now = core.raft.next_deadline().value();
  core.step(Tick{});
  const Effects campaign = core.step(Received{NodeId(2), VoteReply{Term(2), Ballot::pre_vote, true}});
  REQUIRE(campaign.write.has_value());
  CHECK(campaign.sends.empty());
  CHECK(core.raft.term() == Term(2));
  // A vote that comes before the own one is durable cannot have been asked for; with the own one it would be a
  // majority.
  const Effects durable = core.step(WriteDurable{campaign.write->sequence});
  REQUIRE(durable.sends.size() == 2);
  CHECK(std::get<VoteRequest>(durable.sends[0].message).ballot == Ballot::vote);
  CHECK(core.raft.role() == RoleName::candidate);
  core.step(Received{NodeId(3), VoteReply{Term(2), Ballot::vote, true}});
  CHECK(core.raft.role() == RoleName::leader);
}

TEST_CASE("an answer to a heartbeat is timed from when that one was sent, however many were sent since") {
  Core core({kSelf, NodeId(2), NodeId(3)});
  core.now = core.raft.next_deadline().value();
  core.step(Tick{});
  const Effects campaign = core.step(Received{NodeId(2), VoteReply{Term(2), Ballot::pre_vote, true}});
  core.step(WriteDurable{campaign.write.value().sequence});
  const Effects elected = core.step(Received{NodeId(3), VoteReply{Term(2), Ballot::vote, true}});
  core.step(WriteDurable{elected.write.value().sequence});
  REQUIRE(core.raft.role() == RoleName::leader);
  const auto answered = [&](std::uint64_t round) {
    const Effects effects = core.step(Received{NodeId(2), HeartbeatReply{Term(2), round, {}}});
    REQUIRE(effects.heartbeats.size() == 1);
    CHECK(effects.heartbeats[0].follower == NodeId(2));
    return effects.heartbeats[0].took;
  };
  core.step(Tick{});  // round 1
  core.now += milliseconds(50);
  core.step(Tick{});  // round 2
  core.now += milliseconds(7);
  CHECK(answered(1) == milliseconds(57));
  CHECK(answered(2) == milliseconds(7));
  // Rounds 3 to 67, so that the newest 64 begin with round 4.
  for (std::uint64_t round = 3; round <= Leader::kTimedRounds + 3; ++round) {
    core.now += milliseconds(50);
    core.step(Received{NodeId(2), HeartbeatReply{Term(2), 2, {}}});
    core.step(Tick{});
  }
  CHECK(answered(4) == milliseconds(63 * 50));
  CHECK(answered(1) == milliseconds(63 * 50));
  CHECK(core.step(Received{NodeId(2), HeartbeatReply{Term(2), 68, {}}}).heartbeats.empty());
}

TEST_CASE("the same events give the same effects") {
  const auto run = [] {
    Core core({kSelf, NodeId(2)});
    std::vector<std::int64_t> trace;
    for (int round = 0; round < 5; ++round) {
      core.now = core.raft.next_deadline().value();
      trace.push_back(core.now.time_since_epoch().count());
      trace.push_back(static_cast<std::int64_t>(core.step(Tick{}).sends.size()));
    }
    return trace;
  };
  CHECK(run() == run());
}

// Entries that are no more in memory, and that a peer needs, are read from storage. A leader that cannot read them may
// have nothing to write, and its peers wait for ever.
// A node that is one of the voters 1 to 3 by its number.
struct Named {
  explicit Named(Incarnation known, bool joins) : raft(settings(joins), recovered(known), Random(1), Instant()) {}

  static Settings settings(bool joins) {
    Settings settings = Core::settings();
    settings.incarnation = {7};
    settings.joins = joins;
    return settings;
  }
  static Recovered recovered(Incarnation known) {
    Membership members{{{kSelf, known}, {NodeId(2)}, {NodeId(3)}}};
    Recovered recovered{{Term(1), NodeId()}, Log(), WriteSequence(1)};
    recovered.log.recover({LogIndex(1), Term(1), EntryKind::membership, bytes_of("members"),
                           std::make_shared<const Membership>(std::move(members))});
    return recovered;
  }
  // Whether it asks for votes when it hears of nobody, and whether it would give its own to another.
  bool stands() {
    Effects effects;
    raft.step({now, Tick{}}, effects);
    raft.step({now + std::chrono::seconds(1), Tick{}}, effects);  // it was stopped, and listens once more first
    return raft.role() == RoleName::candidate;
  }
  Verdict vote() {
    Effects effects;
    const VoteRequest request{Term(2), Ballot::vote, Cause::timeout, LogIndex(1), Term(1)};
    raft.step({now, Received{NodeId(2), request}}, effects);
    return effects.votes.at(0).verdict;
  }

  const Instant now = Instant(std::chrono::hours(1));
  Raft raft;
};

TEST_CASE("a node does not stand for one that had its number with another data directory") {
  CHECK(Named({7}, false).stands());
  CHECK(Named({}, false).stands());  // as the cluster began
  CHECK_FALSE(Named({8}, false).stands());
  CHECK(Named({7}, true).stands());
  CHECK_FALSE(Named({}, true).stands());
}

// Whether a node that catches up, and has all up to the entry by which its number left, takes that for its own removal.
bool takes_for_its_own_removal(Incarnation former, bool joins) {
  Raft raft(Named::settings(joins), Recovered{{}, Log(), WriteSequence()}, Random(1), Instant());
  const Instant now(std::chrono::hours(1));
  const auto entry = [](std::uint64_t index, Membership members) {
    return Entry{LogIndex(index), Term(1), EntryKind::membership, bytes_of("members"),
                 std::make_shared<const Membership>(std::move(members))};
  };
  const std::vector<Entry> entries{entry(1, {{{kSelf, former}, {NodeId(2)}, {NodeId(3)}}}),
                                   entry(2, {{{NodeId(2)}, {NodeId(3)}}, {{kSelf, former}}})};
  Effects effects;
  raft.step({now, Received{NodeId(2), Append{Term(1), LogIndex(), Term(), LogIndex(2), entries}}}, effects);
  CHECK(raft.commit_index() == LogIndex(2));
  return raft.is_removed();
}

TEST_CASE("a node that takes the number of one that left does not take that for its own removal") {
  CHECK(takes_for_its_own_removal({7}, true));
  CHECK(takes_for_its_own_removal({}, false));  // as the cluster began
  CHECK_FALSE(takes_for_its_own_removal({8}, true));
  CHECK_FALSE(takes_for_its_own_removal({}, true));
}

TEST_CASE("a node that has joined votes for nobody before its log says that it is a member") {
  CHECK(Named({}, false).vote() == Verdict::granted);
  CHECK(Named({7}, true).vote() == Verdict::granted);
  CHECK(Named({}, true).vote() == Verdict::joining);
  CHECK(Named({8}, true).vote() == Verdict::joining);
  Settings settings = Named::settings(true);
  Raft empty(settings, Recovered{{}, Log(), WriteSequence()}, Random(1), Instant());
  Effects effects;
  const VoteRequest request{Term(2), Ballot::pre_vote, Cause::timeout, LogIndex(1), Term(1)};
  empty.step({Instant(std::chrono::hours(1)), Received{NodeId(2), request}}, effects);
  CHECK(effects.votes.at(0).verdict == Verdict::joining);
  CHECK(effects.sends.empty());
}

TEST_CASE("what was acknowledged while no directory was known of a member counts no more once one is") {
  const Membership members{{{kSelf}, {NodeId(2), {}, {}, Standing::learner}}};
  Core core(members);
  core.step(WriteDurable{core.lead().sequence});
  const Term term = core.raft.term();
  core.step(Received{NodeId(2), AppendAccepted{term, LogIndex(2)}});
  REQUIRE(core.raft.peers().at(0).match_index == LogIndex(2));
  Membership pinned = members;
  pinned.members[1].incarnation = {8};
  core.step(Propose{Token(1), EntryKind::membership, bytes_of("pinned"), std::make_shared<const Membership>(pinned)});
  REQUIRE(core.raft.log().membership_index() == LogIndex(3));
  CHECK(core.raft.peers().at(0).match_index == LogIndex());
  // An empty directory refuses, which is news: it is sent all.
  core.step(Received{NodeId(2), AppendRejected{term, LogIndex(2), LogIndex(), Term()}});
  CHECK(core.raft.peers().at(0).next_index == LogIndex(1));
}

TEST_CASE("a follower whose namesake was the only voter commits before its own disk has it") {
  Settings settings = Named::settings(true);
  Recovered recovered = Core::recovered({}, {Term(1), NodeId()});
  Membership alone{{{kSelf, {8}}}};
  recovered.log = Log();
  recovered.log.recover({LogIndex(1), Term(1), EntryKind::membership, bytes_of("members"),
                         std::make_shared<const Membership>(std::move(alone))});
  Raft raft(settings, std::move(recovered), Random(1), Instant());
  Effects effects;
  Append append{Term(2), LogIndex(1), Term(1), LogIndex(2), {}};
  append.entries.push_back({LogIndex(2), Term(2), EntryKind::no_op, bytes_of("no-op"), nullptr});
  raft.step({Instant(std::chrono::hours(1)), Received{NodeId(2), append}}, effects);
  CHECK(raft.commit_index() == LogIndex(2));
  CHECK(raft.role() == RoleName::follower);
}

}  // namespace
}  // namespace tenon::raft
