// SPDX-License-Identifier: MIT
// What a node tells those around it. Called inside Node's functions, on the node thread; nothing here may call the node
// back.
#pragma once

#include <string>

#include "node/backup/operator_request.hpp"
#include "node/images/image_status.hpp"
#include "node/members/own_standing.hpp"
#include "node/reads/served_read.hpp"
#include "node/submission.hpp"
#include "raft/effects.hpp"

namespace tenon::node {

// Why a frame from a peer was dropped before the core saw it.
enum class FrameDrop {
  corrupt,          // its checksum or form is wrong
  unknown_version,  // of a format that is not known here
  other_cluster,
  other_node,         // it is addressed to another node than this, or to another data directory of its number
  other_sender,       // it names another sender than the transport does
  old_incarnation,    // of a data directory that is not the one that the cluster knows this voter by
  not_a_member,       // its sender is not in the membership
  unknown_request,    // answers a request that does not wait
  absurd_clock,       // reports a time that no clock shows
  unnamed_directory,  // its sender leads, and knows this node, which has joined, by its number alone
};
inline constexpr std::size_t kFrameDropCount = 10;

class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // The time as it is at this moment, by the clock of Now::steady. What may be said until a certain time only is looked
  // at once more by it just before it is said, for the process may have been stopped since run() began.
  virtual raft::Instant steady_now() = 0;
  // Ends a request. Each submitted token is answered exactly once while the node lives.
  virtual void answer(Answer answer) = 0;
  // Ends an operator's request; the same holds.
  virtual void answer_operator(OperatorAnswer) {}
  // A read for a client of this node was answered with a result.
  virtual void read_answered(const ServedRead&) {}
  virtual void role_changed(const raft::RoleChanged& role) = 0;
  // This node has granted or refused its vote. A grant leaves when it is durable.
  virtual void vote_decided(const raft::VoteDecided&) {}
  // As leader: a follower has answered a heartbeat.
  virtual void heartbeat_answered(const raft::HeartbeatAnswered&) {}
  // An entry that this node proposed is applied, `waited` after it was proposed.
  virtual void proposal_applied(raft::Duration) {}
  // An image, taken here or received, has become the newest in storage.
  virtual void image_committed(const ImageStatus&) {}
  // Something about an image did not work and is tried again; `what` is for the operator.
  virtual void image_trouble(const std::string&) {}
  // This many hashes of states, of peers and of this node at the same indexes, were compared.
  virtual void states_compared(std::uint64_t) {}
  // A peer that has applied the same holds another state; `what` is for the operator.
  virtual void states_differ(const std::string&) {}
  // About who belongs to the cluster; `what` is for the operator.
  virtual void member_note(const std::string&) {}
  // How this node stands in its cluster has changed, or is known for the first time.
  virtual void own_standing_changed(const OwnStanding&) {}
  virtual void frame_dropped(FrameDrop why, raft::NodeId from) = 0;
  virtual void message_dropped(raft::Drop why) = 0;
  // The node cannot go on: it answers nothing more and wants to be stopped. `why` is for the operator.
  virtual void failed(const std::string& why) = 0;
};

}  // namespace tenon::node
