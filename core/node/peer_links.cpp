// SPDX-License-Identifier: MIT
#include "node/peer_links.hpp"

#include <span>

namespace tenon::node {

void PeerLinks::queue(raft::NodeId to, const raft::Message& message) {
  const wire::Envelope addressed = raft::is_from_leader(message) ? envelope_of_leader(to) : envelope(to);
  queued_[{to, Lane::control}].frames.push_back(wire::encode_frame(addressed, message));
}

void PeerLinks::queue(raft::NodeId to, const wire::NodeReport& report) {
  queued_[{to, Lane::control}].frames.push_back(wire::encode_frame(envelope(to), report));
}

void PeerLinks::queue(raft::NodeId to, const wire::StandingRequest& request) {
  queued_[{to, Lane::control}].frames.push_back(wire::encode_frame(envelope(to), request));
}

void PeerLinks::queue(raft::NodeId to, const wire::StandingNotice& notice, const raft::Incarnation& meant) {
  queued_[{to, Lane::control}].frames.push_back(wire::encode_frame(envelope(to, meant), notice));
}

void PeerLinks::queue(raft::NodeId to, const wire::ForwardReply& reply) {
  wire::OutgoingFrame frame = wire::encode_frame(envelope(to), reply);
  Queued& queued = queued_[{to, Lane::bulk}];
  if (queued.bytes > 0 && queued.bytes + frame.bytes > kWaitingBytesMax) return;
  queued.bytes += frame.bytes;
  queued.frames.push_back(std::move(frame));
}

bool PeerLinks::queue(raft::NodeId to, const wire::Publication& publication) {
  Queued& queued = publications_[to];
  const std::uint64_t size = publication.channel.size() + publication.value.size();
  if (queued.bytes > 0 && queued.bytes + size > kPublicationBytesMax) return false;
  wire::OutgoingFrame frame = wire::encode_frame(envelope(to), publication);
  queued.bytes += frame.bytes;
  queued.frames.push_back(std::move(frame));
  return true;
}

// The lane may have room left for them or not.
void PeerLinks::flush_publications() {
  for (auto& [peer, queued] : publications_) {
    const std::size_t taken = port_.send(peer, Lane::bulk, queued.frames);
    TENON_CHECK(taken <= queued.frames.size());
    publications_dropped_ += queued.frames.size() - taken;
  }
  publications_.clear();
}

void PeerLinks::flush() {
  for (auto& [place, queued] : queued_) {
    if (queued.frames.empty()) continue;
    const auto& [peer, lane] = place;
    const std::size_t taken = port_.send(peer, lane, queued.frames);
    TENON_CHECK(taken <= queued.frames.size());
    const auto rest = queued.frames.begin() + static_cast<std::ptrdiff_t>(taken);
    queued.frames.erase(queued.frames.begin(), lane == Lane::control ? queued.frames.end() : rest);
    queued.bytes = 0;
    for (const wire::OutgoingFrame& frame : queued.frames) queued.bytes += frame.bytes;
  }
  flush_publications();
}

bool PeerLinks::send(raft::NodeId to, const wire::Forward& forward) {
  return offer(to, wire::encode_frame(envelope(to), forward));
}
bool PeerLinks::send(raft::NodeId to, const wire::ImagePiece& piece) {
  return offer(to, wire::encode_frame(envelope_of_leader(to), piece));
}
bool PeerLinks::send(raft::NodeId to, const wire::ImageAck& ack) {
  return offer(to, wire::encode_frame(envelope(to), ack));
}

bool PeerLinks::offer(raft::NodeId to, wire::OutgoingFrame frame) {
  return port_.send(to, Lane::bulk, std::span(&frame, 1)) == 1;
}

}  // namespace tenon::node
