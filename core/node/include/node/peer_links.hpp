// SPDX-License-Identifier: MIT
// Frames to peers: addressed and encoded one by one, handed over together, so that a round of the node costs one call
// for each lane of each peer.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "node/peer_port.hpp"
#include "raft/raft.hpp"

namespace tenon::node {

class PeerLinks {
 public:
  // Answers to forwarded commands wait for room in a lane until they are this many bytes for one peer; then they are
  // dropped, and the peer's client learns that the outcome is unknown.
  static constexpr std::uint64_t kWaitingBytesMax = 32u << 20;
  // Messages of channels in one round, for one peer.
  static constexpr std::uint64_t kPublicationBytesMax = 1u << 20;

  // Keeps: port and raft, for its life. What a leader says names the receiver by the membership of `raft`.
  PeerLinks(PeerPort& port, const raft::Raft& raft, std::string cluster, raft::NodeId self,
            const raft::Incarnation& incarnation)
      : port_(port), raft_(raft), cluster_(std::move(cluster)), self_(self), incarnation_(incarnation) {}

  // Queues for the control lane. It is dropped when the lane has no room: what matters is sent anew.
  void queue(raft::NodeId to, const raft::Message& message);
  void queue(raft::NodeId to, const wire::NodeReport& report);
  void queue(raft::NodeId to, const wire::StandingRequest& request);
  // For the directory that is meant alone; all zero: for whichever has the number.
  void queue(raft::NodeId to, const wire::StandingNotice& notice, const raft::Incarnation& meant = {});
  // Queues a message of a channel for the bulk lane, behind all else of the same round: on the control lane it would
  // take up the room of heartbeats. False: it was surely not sent.
  bool queue(raft::NodeId to, const wire::Publication& publication);
  // How many of these the lanes had no room for, since the start.
  std::uint64_t publications_dropped() const noexcept { return publications_dropped_; }
  // Queues an answer for the bulk lane.
  void queue(raft::NodeId to, const wire::ForwardReply& reply);
  // Hands over what is queued.
  void flush();
  // Offers a frame to the bulk lane at once. False: it was surely not sent.
  bool send(raft::NodeId to, const wire::Forward& forward);
  bool send(raft::NodeId to, const wire::ImagePiece& piece);
  bool send(raft::NodeId to, const wire::ImageAck& ack);
  // The lane has lost what it had taken; what waits for it is given up as well.
  void lost(raft::NodeId peer, Lane lane) { queued_.erase({peer, lane}); }

 private:
  struct Queued {
    std::vector<wire::OutgoingFrame> frames;
    std::uint64_t bytes = 0;  // of frames; of the bulk lane <= kWaitingBytesMax
  };
  void flush_publications();
  bool offer(raft::NodeId to, wire::OutgoingFrame frame);
  wire::Envelope envelope(raft::NodeId to, const raft::Incarnation& meant = {}) const noexcept {
    return {cluster_, self_, incarnation_, to, meant};
  }
  wire::Envelope envelope_of_leader(raft::NodeId to) const noexcept {
    return envelope(to, raft_.membership().incarnation_of(to));
  }

  PeerPort& port_;
  const raft::Raft& raft_;
  const std::string cluster_;
  const raft::NodeId self_;
  const raft::Incarnation incarnation_;
  std::map<std::pair<raft::NodeId, Lane>, Queued> queued_;
  std::map<raft::NodeId, Queued> publications_;  // bytes <= kPublicationBytesMax, or one alone
  std::uint64_t publications_dropped_ = 0;
};

}  // namespace tenon::node
