// SPDX-License-Identifier: MIT
// What a node does with frames and with the state of its lanes.
#include <utility>

#include "node/node.hpp"

namespace tenon::node {

void Node::receive(raft::NodeId peer, const std::shared_ptr<const std::string>& frame) {
  if (failed_) return;
  std::variant<wire::DecodedFrame, wire::FrameError> decoded = wire::decode_frame(frame);
  if (const auto* error = std::get_if<wire::FrameError>(&decoded)) {
    const bool is_corrupt = *error == wire::FrameError::corrupt;
    return surroundings_.frame_dropped(is_corrupt ? FrameDrop::corrupt : FrameDrop::unknown_version, peer);
  }
  auto& good = std::get<wire::DecodedFrame>(decoded);
  if (const std::optional<FrameDrop> drop = check_envelope(peer, good)) {
    return surroundings_.frame_dropped(*drop, peer);
  }
  receive_body(peer, frame, std::move(good.body));
}

std::optional<FrameDrop> Node::check_envelope(raft::NodeId peer, const wire::DecodedFrame& decoded) {
  const wire::Envelope& envelope = decoded.envelope;
  if (envelope.cluster != settings_.cluster_id) return FrameDrop::other_cluster;
  if (envelope.to != settings_.raft.self) return FrameDrop::other_node;
  if (envelope.from != peer) return FrameDrop::other_sender;
  if (const std::optional<FrameDrop> drop = members_.check_receiver(envelope.meant, decoded.body)) return drop;
  return members_.check_sender(peer, envelope.incarnation, decoded.body);
}

void Node::receive_body(raft::NodeId peer, const std::shared_ptr<const std::string>& frame, wire::Body body) {
  if (auto* message = std::get_if<raft::Message>(&body)) {
    happened_.emplace_back(raft::Received{peer, std::move(*message)});
  } else if (auto* forward = std::get_if<wire::Forward>(&body)) {
    arrived_.push_back({peer, frame, std::move(*forward)});
  } else if (const auto* piece = std::get_if<wire::ImagePiece>(&body)) {
    receive(peer, *piece);
  } else if (const auto* ack = std::get_if<wire::ImageAck>(&body)) {
    receive(peer, *ack);
  } else if (auto* report = std::get_if<wire::NodeReport>(&body)) {
    const bool is_absurd = report->wall_ms == 0 || report->wall_ms > kWallMsMax || report->cluster_time_ms > kWallMsMax;
    if (is_absurd) return surroundings_.frame_dropped(FrameDrop::absurd_clock, peer);
    arrived_reports_.insert_or_assign(peer, std::move(*report));
  } else if (auto* request = std::get_if<wire::StandingRequest>(&body)) {
    members_.receive(peer, std::move(*request));
  } else if (const auto* notice = std::get_if<wire::StandingNotice>(&body)) {
    members_.receive(*notice);
    if (notice->kind == wire::StandingNotice::Kind::removed) {
      happened_.emplace_back(raft::Received{peer, raft::Removed{{}, notice->index, notice->index_term}});
    }
  } else if (const auto* publication = std::get_if<wire::Publication>(&body)) {
    channels_.receive(publication->channel, publication->value);
  } else {
    auto& reply = std::get<wire::ForwardReply>(body);
    const std::optional<Requests::Forwarded> sent = requests_.take_forwarded(reply.request - forward_base_, peer);
    if (!sent) return surroundings_.frame_dropped(FrameDrop::unknown_request, peer);
    Answer answer = forwarded_answer(sent->token, std::move(reply), raft_.leader());
    if (sent->access == Access::logged_read) {
      if (answer.outcome == Outcome::done) read_through_log(sent->token);
      if (answer.outcome == Outcome::unknown) answer.outcome = Outcome::refused;
    }
    surroundings_.answer(std::move(answer));
  }
}

// Not as they arrive, for the time that their clients give them counts from now.
void Node::accept_forwards() {
  for (const ArrivedForward& arrived : std::exchange(arrived_, {})) {
    std::vector<Submission> submissions = forwarded_.accept(arrived.from, arrived.forward, now_.steady);
    if (submissions.empty()) surroundings_.frame_dropped(FrameDrop::corrupt, arrived.from);
    for (Submission& submission : submissions) requests_.submit(std::move(submission));
  }
}

void Node::on_lane(raft::NodeId peer, Lane lane, LaneEvent event) {
  if (failed_) return;
  if (lane == Lane::bulk) images_.sending().on_lane(peer, event, now_.steady);
  if (event != LaneEvent::writable && lane == Lane::control) members_.on_lane(peer, event == LaneEvent::up);
  if (event != LaneEvent::down) return;
  links_.lost(peer, lane);
  if (lane == Lane::control) {
    happened_.emplace_back(raft::Disconnected{peer});
  } else {
    requests_.lose_forwarded(peer);
  }
}

}  // namespace tenon::node
