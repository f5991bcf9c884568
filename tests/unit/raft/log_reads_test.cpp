// SPDX-License-Identifier: MIT
// What a leader has read from its log for a peer that lacks it.
#include "raft/raft.hpp"
#include "support/catch.hpp"

namespace tenon::raft {
namespace {

Payload bytes_of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const std::string_view view = *owner;
  return {std::move(owner), view};
}

// The leader of the voters 1 to 3, with its no-op alone in its cache. Node 3 lacks entry 2, which is to be read for it.
struct ReadingLeader {
  ReadingLeader() : raft(settings(), recovered(), Random(1), Instant()) {
    lead();
    lacks_entry();
    const Effects asks = step(Tick{});
    REQUIRE(asks.entries_wanted.size() == 1);
    CHECK(asks.entries_wanted.at(0).first == LogIndex(2));
  }

  static Settings settings() {
    Settings settings;
    settings.self = NodeId(1);
    settings.no_op_data = bytes_of("no-op");
    settings.log_cache_bytes_max = settings.no_op_data.bytes.size();
    return settings;
  }
  static Recovered recovered() {
    const Membership members{{{NodeId(1)}, {NodeId(2)}, {NodeId(3)}}};
    Recovered recovered{{Term(1), NodeId()}, Log(), WriteSequence(1)};
    recovered.log.recover({LogIndex(1), Term(1), EntryKind::membership, bytes_of("members"),
                           std::make_shared<const Membership>(members)});
    recovered.log.recover({LogIndex(2), Term(1), EntryKind::commands, bytes_of("text")});
    return recovered;
  }
  Effects step(Happening what) {
    Effects effects;
    raft.step({now, std::move(what)}, effects);
    return effects;
  }
  void lead() {
    now = *raft.next_deadline();
    step(Tick{});
    if (raft.role() == RoleName::follower) {  // time has jumped
      now = *raft.next_deadline();
      step(Tick{});
    }
    const Term wanted = raft.term().next();
    const Effects stands = step(Received{NodeId(2), VoteReply{wanted, Ballot::pre_vote, true}});
    step(WriteDurable{stands.write->sequence});
    const Effects elected = step(Received{NodeId(2), VoteReply{wanted, Ballot::vote, true}});
    REQUIRE(raft.role() == RoleName::leader);
    step(WriteDurable{elected.write->sequence});
  }
  void lacks_entry() {
    const LogIndex previous = raft.log().last_index().previous();
    step(Received{NodeId(3), AppendRejected{raft.term(), previous, LogIndex(1), Term(1)}});
  }
  Effects entry_is_read() {
    return step(EntriesRead{NodeId(3), {{LogIndex(2), Term(1), EntryKind::commands, bytes_of("text")}}});
  }
  // Node 3 lacks nothing any more.
  void all_is_stored() { step(Received{NodeId(3), AppendAccepted{raft.term(), raft.log().last_index()}}); }
  // All answer its heartbeats. Returns whether it leads all the time.
  bool leads_for(Duration time) {
    for (const Instant end = now + time; now < end; now += settings().heartbeat_interval) {
      if (raft.role() != RoleName::leader) return false;
      for (const NodeId peer : {NodeId(2), NodeId(3)}) step(Received{peer, HeartbeatReply{raft.term(), 1, {}}});
      step(Tick{});
    }
    return raft.role() == RoleName::leader;
  }

  Instant now;
  Raft raft;
};

const Duration kLong = 3 * ReadingLeader::settings().election_timeout_max;

TEST_CASE("a leader steps down when it commits nothing, and what a peer needs is not read for an election timeout") {
  ReadingLeader leader;
  CHECK_FALSE(leader.leads_for(kLong));
  ReadingLeader other;
  other.entry_is_read();
  other.all_is_stored();
  CHECK(other.leads_for(kLong));
}

TEST_CASE("a leader that commits goes on, though what a single peer needs is not read") {
  ReadingLeader leader;
  leader.step(Received{NodeId(2), AppendAccepted{leader.raft.term(), LogIndex(3)}});
  CHECK(leader.leads_for(kLong));
  // From now on it has something to commit, and does not: only then its time begins.
  leader.step(Propose{Token(1), EntryKind::commands, bytes_of("more")});
  CHECK(leader.leads_for(ReadingLeader::settings().election_timeout_min));
  CHECK_FALSE(leader.leads_for(kLong));
}

TEST_CASE("what is being read for a peer is not asked for again by the next leadership, which uses what comes") {
  ReadingLeader leader;
  leader.step(Received{NodeId(2), Heartbeat{leader.raft.term().next(), LogIndex(), 1}});
  REQUIRE(leader.raft.role() == RoleName::follower);
  leader.lead();
  leader.lacks_entry();
  CHECK(leader.step(Tick{}).entries_wanted.empty());
  const Effects read = leader.entry_is_read();
  REQUIRE(read.sends.size() == 1);
  CHECK(std::get<Append>(read.sends.at(0).message).entries.size() == 1);
  leader.all_is_stored();
  CHECK(leader.leads_for(kLong));
}

}  // namespace
}  // namespace tenon::raft
