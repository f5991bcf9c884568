// SPDX-License-Identifier: MIT
// What a leader does about its members: the one change that is under way, from the operator's or a new node's wish to
// its commit, and what follows by itself: a learner that has caught up becomes a voter. Whatever must outlive this
// leadership stands in the membership.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "node/backup/operator_request.hpp"
#include "node/members/member_change.hpp"
#include "node/members/peer_places.hpp"
#include "wire/frame.hpp"

namespace tenon::node {

// The cluster as the leader sees it now.
struct LeaderView {
  raft::Instant now;
  raft::NodeId self;
  std::string_view cluster_id;
  const raft::Membership& membership;  // in force
  std::span<const MemberLag> lags;     // of all members but this node
};

class MemberChanges {
 public:
  // A learner that misses no more than this may become a voter.
  static constexpr std::uint64_t kNearBytes = 1u << 20;
  // A new address has so long to show the node; and so long when it is known by then that it does not.
  static constexpr std::chrono::seconds kDialTimeout{5};
  static constexpr std::chrono::seconds kFailureTimeout{2};

  using AnswerSink = std::function<void(OperatorAnswer)>;
  // Both sinks are called from inside the functions; `on_note` takes lines for the operator's log.
  MemberChanges(AnswerSink on_answer, std::function<void(const std::string&)> on_note)
      : on_answer_(std::move(on_answer)), on_note_(std::move(on_note)) {}

  // An operator wants a change: answered later, or refused at once.
  void ask(Token token, MemberChangeWanted wanted, const LeaderView& view, PeerPlaces& places);
  // A node has said itself how it stands; `is_direct`: over a connection of its own. Returns what is to be told to it.
  std::optional<wire::StandingNotice> heard(const wire::StandingRequest& request, bool is_direct,
                                            const LeaderView& view, PeerPlaces& places);
  // What transports say of a node that could not be reached.
  void dial_failed(raft::NodeId node, const std::string& why);

  // The membership is committed and not joint: ends the change that it completes, or that has come to nothing by it.
  void settle(const LeaderView& view);
  // The same, and returns what is to be proposed next, if anything. A node is taken in when it is reached where it is
  // said to be, and has reached this node.
  std::optional<raft::Membership> next(const LeaderView& view, const PeerPlaces& places);
  // What next() has returned is not in the log; `why` is for people.
  void rejected(std::string_view why);
  // The node that is dialled just now; nullopt: none is.
  std::optional<raft::NodeId> dialled() const noexcept {
    if (!under_way_ || under_way_->stage != Stage::dialling) return std::nullopt;
    return under_way_->wanted.node;
  }
  // Ends what has waited too long for its node.
  void expire(const LeaderView& view, const PeerPlaces& places);
  std::optional<raft::Instant> next_deadline(const PeerPlaces& places) const;
  // This node leads no more.
  void lose();

 private:
  enum class Stage { dialling, deciding, proposed };
  struct UnderWay {
    std::optional<Token> token;  // nullopt: the node has asked by itself
    MemberChangeWanted wanted;
    Stage stage = Stage::dialling;
    raft::Instant dial_began;
    std::optional<raft::Incarnation> confirmed;  // by the node's own frame: it has reached this node, too
    std::string failure;                         // the last that a transport has said
    // Why a node that has said to have this number is not taken in. It may not be the one that is dialled, which is
    // waited for all the same.
    std::string fault;
  };

  std::optional<std::string> fault_of(const MemberChangeWanted& wanted, const LeaderView& view) const;
  std::optional<raft::Membership> admit(const LeaderView& view);
  raft::Membership decide(const LeaderView& view) const;
  std::optional<raft::Membership> promote_caught_up(const LeaderView& view);
  void refuse(tenon_error error, const std::string& why);
  std::string describe() const;

  const AnswerSink on_answer_;
  const std::function<void(const std::string&)> on_note_;
  std::optional<UnderWay> under_way_;
};

}  // namespace tenon::node
