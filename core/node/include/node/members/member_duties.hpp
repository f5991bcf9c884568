// SPDX-License-Identifier: MIT
// What a node does about the members of its cluster: it follows the membership with its connections, as a leader makes
// changes, and asks how it stands itself when it has no place or hears of nobody.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/members/member_changes.hpp"
#include "node/members/own_standing.hpp"
#include "node/members/peer_places.hpp"
#include "node/peer_links.hpp"
#include "node/surroundings.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

struct MemberSettings {
  raft::NodeId self;
  raft::Incarnation incarnation = {};  // of the data directory
  std::string cluster_id;
  raft::Duration election_timeout_max;
  ConfiguredPeers peers;
  bool joins = false;  // an empty directory means that a cluster is to take this node in
};

class MemberDuties {
 public:
  using MissingBytes = std::function<std::uint64_t(raft::LogIndex match)>;

  // Keeps: raft, links, port and surroundings, for its life. `missing_bytes` says what a member lacks that holds the
  // log up to an index.
  MemberDuties(MemberSettings settings, const raft::Raft& raft, PeerLinks& links, PeerPort& port,
               Surroundings& surroundings, MissingBytes missing_bytes, raft::Instant now);

  // Does what is due, and returns what is to be proposed, if anything. `leads` says whether a proposal would be taken.
  std::optional<raft::Membership> run(raft::Instant now, bool may_propose);
  // What run() has returned is not in the log.
  void rejected(std::string_view why) { changes_.rejected(why); }
  // When run() is wanted at the latest; nullopt: nothing waits for time.
  std::optional<raft::Instant> next_deadline() const noexcept;

  void ask(Token token, MemberChangeWanted wanted);
  void dial_failed(raft::NodeId peer, const std::string& why) { changes_.dial_failed(peer, why); }
  // The control lane to a peer is up, or down.
  void on_lane(raft::NodeId peer, bool is_up);
  void receive(raft::NodeId from, wire::StandingRequest request);
  void receive(const wire::StandingNotice& notice);
  // Why a frame with this body is not taken from a node with this data directory; nullopt: it is.
  std::optional<FrameDrop> check_sender(raft::NodeId peer, const raft::Incarnation& incarnation,
                                        const wire::Body& body);

  // Why a frame with this body, which is meant for the node of this number with that data directory, or with any where
  // that is all zero, is not taken by this one; nullopt: it is.
  std::optional<FrameDrop> check_receiver(const raft::Incarnation& meant, const wire::Body& body) const;

  const OwnStanding& own_standing() const noexcept { return own_standing_; }
  bool is_removed() const noexcept { return own_standing_.place == OwnStanding::Place::removed; }
  // Of a leader, of all other members; else empty.
  const std::vector<MemberLag>& lags() const noexcept { return lags_; }

 private:
  struct Arrived {
    raft::NodeId from;
    wire::StandingRequest request;
  };
  static constexpr std::size_t kArrivedMax = 64;

  std::optional<raft::Membership> change_members(bool may_propose);
  std::optional<raft::Membership> with_what_is_known(const raft::Membership& now) const;
  void measure_lags();
  LeaderView view() const noexcept;
  wire::StandingNotice welcome() const;
  void send_welcomes();
  void take(const Arrived& arrived);
  void invite(raft::NodeId node, const Addresses& addresses, raft::Duration time);
  void answer(const wire::StandingRequest& request, wire::StandingNotice notice);
  void tell_wiped(raft::NodeId peer, const raft::Incarnation& incarnation);
  bool is_decided_member() const;
  bool is_known_removed() const;
  void look_at_own_standing();
  void inquire();

  const MemberSettings settings_;
  const raft::Raft& raft_;
  PeerLinks& links_;
  Surroundings& surroundings_;
  const MissingBytes missing_bytes_;
  raft::Instant now_;
  PeerPlaces places_;
  MemberChanges changes_;
  std::vector<Arrived> arrived_;                                  // since the last run(); at most kArrivedMax
  std::map<raft::NodeId, raft::Incarnation> heard_incarnations_;  // of members that the membership has none of
  std::vector<MemberLag> lags_;                                   // ascending
  raft::Instant next_measure_;                                    // of lags_
  std::pair<raft::Term, raft::LogIndex> measured_;                // the term and the membership that lags_ are of
  raft::Instant next_welcome_;
  raft::Instant next_inquiry_;
  raft::Instant leader_heard_;     // the last time when one was known
  raft::Instant next_wiped_word_;  // a node that has lost its disk is told so again then
  OwnStanding own_standing_;
  std::optional<OwnStanding::Place> told_place_;  // refused or removed, as others have said
  std::string told_;                              // why
  raft::Instant told_until_;                      // of refused
};

}  // namespace tenon::node
