// SPDX-License-Identifier: MIT
// What happens to a node, as lines for its operator and as metrics. The lines come from the room "raft", one for each
// event, with the term, the nodes and the reason.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/logger.hpp"
#include "host/metrics.hpp"
#include "host/metrics/event_history.hpp"
#include "node/node.hpp"

namespace tenon::host {

class NodeEvents {
 public:
  // Keeps: logger and metrics, for its life.
  NodeEvents(Logger& logger, Metrics& metrics);

  // Node thread.
  void role_changed(const raft::RoleChanged& role);
  void vote_decided(const raft::VoteDecided& vote);
  void frame_dropped(node::FrameDrop why);
  void message_dropped(raft::Drop why);
  void heartbeat_answered(const raft::HeartbeatAnswered& answered);
  void proposal_applied(raft::Duration waited);
  void image_committed(const node::ImageStatus& images);
  void image_trouble(const std::string& what);
  void member_note(const std::string& what);
  void own_standing_changed(const node::OwnStanding& standing);
  void states_compared(std::uint64_t count) { metrics_.record(states_compared_metric_, static_cast<double>(count)); }
  void states_differ(const std::string& what);
  void read_answered(const node::ServedRead& read) noexcept;
  // Says how the membership differs from that of the call before; the first call says all of it.
  void membership_is(const raft::Membership& membership);
  void answered() noexcept { ++answered_; }
  // Records what answered() and read_answered() have counted since the call before.
  void round_ended() noexcept;
  // Any thread.
  const EventHistory& history() const noexcept { return history_; }
  void no_room_for_frame() noexcept { metrics_.record(no_room_metric_, 1); }

 private:
  // A line of the logger that the history keeps too.
  void tell(EventHistory::Kind kind, std::uint32_t severity, const char* room, const std::string& line);

  Logger& logger_;
  Metrics& metrics_;
  EventHistory history_;
  raft::RoleName role_ = raft::RoleName::follower;   // as last told of
  std::pair<raft::Term, raft::NodeId> last_leader_;  // that was heard of
  raft::Membership membership_;                      // as last told of; no voter: it was not yet
  std::uint32_t answered_metric_ = 0;
  std::uint32_t leader_changes_metric_ = 0;
  std::uint32_t votes_granted_metric_ = 0;
  std::uint32_t votes_refused_metric_ = 0;
  std::uint32_t propose_duration_metric_ = 0;
  std::map<raft::NodeId, std::uint32_t> heartbeat_metrics_;  // of each follower that has answered one
  // By how a read was asked for, and how it was served.
  std::array<std::array<std::uint32_t, node::kReadWays.size()>, node::kReadWays.size()> read_metrics_{};
  std::uint64_t answered_ = 0;  // and not recorded yet
  std::array<std::array<std::uint64_t, node::kReadWays.size()>, node::kReadWays.size()> reads_{};  // the same
  std::uint32_t states_compared_metric_ = 0;
  std::uint32_t state_mismatches_metric_ = 0;
  std::uint32_t no_room_metric_ = 0;
  std::array<std::uint32_t, node::kFrameDropCount> frame_drop_metrics_{};
  std::array<std::uint32_t, raft::kDropCount> message_drop_metrics_{};
};

// One line each, as NodeEvents writes them.
std::string role_line(raft::RoleName before, const raft::RoleChanged& role);
std::string vote_line(const raft::VoteDecided& vote);
std::vector<std::string> membership_lines(const raft::Membership& before, const raft::Membership& after);

// What the status of a node says as gauges; `now` is by the clock of its state_as_of.
std::vector<MetricValue> status_metrics(const node::Status& status, raft::Instant now);

}  // namespace tenon::host
