// SPDX-License-Identifier: MIT
#include "host/metrics/node_events.hpp"

#include <algorithm>
#include <utility>

#include "host/clock.hpp"
#include "host/metrics/prometheus_text.hpp"
#include "host/peer_events.hpp"
#include "host/status_text.hpp"

namespace tenon::host {
namespace {

// Labels of the counters. Without a default, so that the compiler finds a reason that has no name yet.
const char* reason_name(node::FrameDrop why) noexcept {
  switch (why) {
    case node::FrameDrop::corrupt:
      return "corrupt";
    case node::FrameDrop::unknown_version:
      return "unknown_version";
    case node::FrameDrop::other_cluster:
      return "other_cluster";
    case node::FrameDrop::other_node:
      return "other_node";
    case node::FrameDrop::other_sender:
      return "other_sender";
    case node::FrameDrop::old_incarnation:
      return "old_incarnation";
    case node::FrameDrop::not_a_member:
      return "not_a_member";
    case node::FrameDrop::unknown_request:
      return "unknown_request";
    case node::FrameDrop::absurd_clock:
      return "absurd_clock";
    case node::FrameDrop::unnamed_directory:
      return "unnamed_directory";
  }
  return "unknown";
}

const char* reason_name(raft::Drop why) noexcept {
  switch (why) {
    case raft::Drop::old_term:
      return "old_term";
    case raft::Drop::not_a_member:
      return "not_a_member";
    case raft::Drop::stale:
      return "stale";
    case raft::Drop::lease:
      return "lease";
    case raft::Drop::vote_hold:
      return "vote_hold";
    case raft::Drop::malformed:
      return "malformed";
    case raft::Drop::not_electable:
      return "not_electable";
    case raft::Drop::not_leading:
      return "not_leading";
  }
  return "unknown";
}

std::string node_text(raft::NodeId node) { return "node " + std::to_string(node.value()); }

const char* reason_text(raft::Verdict verdict) noexcept {
  switch (verdict) {
    case raft::Verdict::granted:
      return "its log goes at least as far as that of this node";
    case raft::Verdict::old_term:
      return "that term is over here";
    case raft::Verdict::lease:
      return "the leader is heard of";
    case raft::Verdict::vote_hold:
      return "this node has just started, and does not know whom it heard before";
    case raft::Verdict::old_log:
      return "its log ends before that of this node";
    case raft::Verdict::voted:
      return "the vote of this term went to another";
    case raft::Verdict::removed:
      return "it was removed from the cluster, and was told so";
    case raft::Verdict::joining:
      return "this node is taken in just now, and its log does not say so yet";
  }
  return "unknown";
}

const char* standing_text(raft::Standing standing) noexcept {
  switch (standing) {
    case raft::Standing::learner:
      return "a learner";
    case raft::Standing::incoming:
      return "a voter of the new set";
    case raft::Standing::outgoing:
      return "a voter of the old set only";
    default:
      return "a voter";
  }
}

std::string listed(const raft::Membership& membership) {
  std::string list;
  for (const raft::NodeId voter : membership.voters()) {
    list += (list.empty() ? "" : ", ") + std::to_string(voter.value());
  }
  return list;
}

}  // namespace

NodeEvents::NodeEvents(Logger& logger, Metrics& metrics) : logger_(logger), metrics_(metrics) {
  const auto counter = [&](const char* name, const std::string& labels, const char* help) {
    return metrics.create(MetricKind::counter, name, labels, help);
  };
  answered_metric_ =
      counter("tenon_requests_answered_total", "", "Requests that the node has answered, whatever the outcome.");
  leader_changes_metric_ = counter("tenon_raft_leader_changes_total", "", "How often this node has seen a new leader.");
  const auto votes = [&](const char* verdict) {
    return counter("tenon_raft_votes_total", metric_label("verdict", verdict),
                   "Answers to candidates that asked for the vote of this node.");
  };
  votes_granted_metric_ = votes("granted");
  votes_refused_metric_ = votes("refused");
  propose_duration_metric_ = metrics.create(MetricKind::histogram, "tenon_raft_propose_duration_seconds", "",
                                            "From the proposal of an entry on the leader until it is applied there.");
  states_compared_metric_ = counter("tenon_state_hashes_compared_total", "",
                                    "Hashes of peers' states that were compared with that of this node.");
  state_mismatches_metric_ = counter("tenon_state_hash_mismatches_total", "",
                                     "How often nodes that have applied the same were found to hold different states.");
  const auto reads = [&](node::ReadWay asked, node::ReadWay served) {
    const auto asked_number = static_cast<std::size_t>(asked);
    const auto served_number = static_cast<std::size_t>(served);
    read_metrics_[asked_number][served_number] =
        counter("tenon_reads_total",
                metric_label("asked", std::string(node::kReadWays[asked_number])) + "," +
                    metric_label("served", std::string(node::kReadWays[served_number])),
                "Reads of clients of this node that were answered, by what they asked for and what they got.");
  };
  for (const node::ReadWay way :
       {node::ReadWay::linearizable, node::ReadWay::lease, node::ReadWay::stale, node::ReadWay::log}) {
    reads(way, way);
  }
  for (const node::ReadWay asked : {node::ReadWay::lease, node::ReadWay::stale}) {
    reads(asked, node::ReadWay::linearizable);
  }
  const auto dropped_frames = [&](const char* reason) {
    return counter("tenon_frames_dropped_total", metric_label("reason", reason), kFramesDroppedHelp);
  };
  no_room_metric_ = dropped_frames("no_room");
  for (std::size_t i = 0; i < frame_drop_metrics_.size(); ++i) {
    frame_drop_metrics_[i] = dropped_frames(reason_name(static_cast<node::FrameDrop>(i)));
  }
  for (std::size_t i = 0; i < message_drop_metrics_.size(); ++i) {
    message_drop_metrics_[i] =
        counter("tenon_messages_dropped_total", metric_label("reason", reason_name(static_cast<raft::Drop>(i))),
                "Messages of peers that the core has dropped.");
  }
}

void NodeEvents::tell(EventHistory::Kind kind, std::uint32_t severity, const char* room, const std::string& line) {
  logger_.write(severity, room, line);
  history_.add(kind, line, wall_now_ms());
}

void NodeEvents::role_changed(const raft::RoleChanged& role) {
  const std::pair<raft::Term, raft::NodeId> leader(role.term, role.leader);
  if (role.leader != raft::NodeId() && leader != last_leader_) {
    metrics_.record(leader_changes_metric_, 1);
    last_leader_ = leader;
  }
  tell(EventHistory::Kind::election, TENON_SEVERITY_INFO, "raft", role_line(role_, role));
  role_ = role.role;
}

// A pre-vote changes nothing, and a node that is cut off asks for one again and again.
void NodeEvents::vote_decided(const raft::VoteDecided& vote) {
  metrics_.record(vote.verdict == raft::Verdict::granted ? votes_granted_metric_ : votes_refused_metric_, 1);
  const std::uint32_t severity = vote.ballot == raft::Ballot::vote ? TENON_SEVERITY_INFO : TENON_SEVERITY_DEBUG;
  if (logger_.wants(severity, "raft")) logger_.write(severity, "raft", vote_line(vote));
}

void NodeEvents::frame_dropped(node::FrameDrop why) {
  metrics_.record(frame_drop_metrics_[static_cast<std::size_t>(why)], 1);
}

void NodeEvents::message_dropped(raft::Drop why) {
  metrics_.record(message_drop_metrics_[static_cast<std::size_t>(why)], 1);
}

void NodeEvents::heartbeat_answered(const raft::HeartbeatAnswered& answered) {
  const auto [metric, is_new] = heartbeat_metrics_.try_emplace(answered.follower, 0);
  if (is_new) {
    metric->second = metrics_.create(MetricKind::histogram, "tenon_raft_heartbeat_duration_seconds",
                                     metric_label("peer", std::to_string(answered.follower.value())),
                                     "On the leader: from a heartbeat to the peer's answer.");
  }
  metrics_.record(metric->second, std::chrono::duration<double>(answered.took).count());
}

void NodeEvents::proposal_applied(raft::Duration waited) {
  metrics_.record(propose_duration_metric_, std::chrono::duration<double>(waited).count());
}

void NodeEvents::image_committed(const node::ImageStatus& images) {
  tell(EventHistory::Kind::snapshot, TENON_SEVERITY_INFO, "node",
       "an image of index " + std::to_string(images.index.value()) + " is durable, " + std::to_string(images.bytes) +
           " bytes; the log before it may go");
}

void NodeEvents::image_trouble(const std::string& what) {
  tell(EventHistory::Kind::snapshot, TENON_SEVERITY_WARNING, "node", what);
}

void NodeEvents::member_note(const std::string& what) {
  tell(EventHistory::Kind::membership, TENON_SEVERITY_WARNING, "node", what);
}

void NodeEvents::own_standing_changed(const node::OwnStanding& standing) {
  using Place = node::OwnStanding::Place;
  std::string line = std::string("this node stands as ") + node::name_of(standing);
  if (standing.place == Place::joining) line += ": it waits until a cluster takes it in";
  if (standing.place == Place::outsider) line += ": its log does not have it as a member, and it asks those it knows";
  if (!standing.text.empty()) line += ": " + standing.text;
  const bool is_bad = standing.place == Place::refused || standing.place == Place::removed;
  tell(EventHistory::Kind::standing, is_bad ? TENON_SEVERITY_ERROR : TENON_SEVERITY_INFO, "node", line);
}

void NodeEvents::states_differ(const std::string& what) {
  metrics_.record(state_mismatches_metric_, 1);
  tell(EventHistory::Kind::state, TENON_SEVERITY_ERROR, "node", what);
}

void NodeEvents::read_answered(const node::ServedRead& read) noexcept {
  ++reads_[static_cast<std::size_t>(read.asked)][static_cast<std::size_t>(read.served)];
}

void NodeEvents::round_ended() noexcept {
  const auto record = [&](std::uint32_t metric, std::uint64_t& counted) {
    if (counted != 0) metrics_.record(metric, static_cast<double>(std::exchange(counted, 0)));
  };
  record(answered_metric_, answered_);
  for (std::size_t asked = 0; asked < reads_.size(); ++asked) {
    for (std::size_t served = 0; served < reads_.size(); ++served) {
      record(read_metrics_[asked][served], reads_[asked][served]);
    }
  }
}

void NodeEvents::membership_is(const raft::Membership& membership) {
  if (membership == membership_) return;
  for (const std::string& line : membership_lines(membership_, membership)) {
    tell(EventHistory::Kind::membership, TENON_SEVERITY_INFO, "raft", line);
  }
  membership_ = membership;
}

std::string role_line(raft::RoleName before, const raft::RoleChanged& role) {
  const std::string term = "term " + std::to_string(role.term.value());
  const std::string cause = ": " + std::string(role.cause);
  if (role.role == raft::RoleName::leader) return "leads in " + term + cause;
  if (role.role == raft::RoleName::candidate) return "asks to be elected, " + term + cause;
  std::string line;
  if (before == raft::RoleName::leader) line = "leads no more, " + term + cause;
  if (before == raft::RoleName::candidate) line = "was not elected, " + term + cause;
  if (role.leader != raft::NodeId()) {
    line +=
        (line.empty() ? "" : "; ") + std::string("follows node ") + std::to_string(role.leader.value()) + " in " + term;
  }
  return line.empty() ? "knows of no leader, " + term + cause : line;
}

std::string vote_line(const raft::VoteDecided& vote) {
  const bool is_granted = vote.verdict == raft::Verdict::granted;
  const std::string term = " in term " + std::to_string(vote.term.value());
  const std::string candidate = node_text(vote.candidate);
  const std::string reason = std::string(": ") + reason_text(vote.verdict);
  if (vote.ballot == raft::Ballot::pre_vote) {
    return (is_granted ? "would vote for " : "would not vote for ") + candidate + term + reason;
  }
  return (is_granted ? "votes for " : "refuses its vote to ") + candidate + term + reason;
}

std::vector<std::string> membership_lines(const raft::Membership& before, const raft::Membership& after) {
  if (before.members.empty()) return {"the voters are " + listed(after)};
  std::vector<std::string> lines;
  for (const raft::Member& member : after.members) {
    const raft::Member* known = before.find(member.id);
    if (known == nullptr || known->standing != member.standing) {
      lines.push_back(node_text(member.id) + " is " + standing_text(member.standing) + " now; the voters are " +
                      listed(after));
    }
    if (known != nullptr && known->incarnation != member.incarnation) {
      lines.push_back(node_text(member.id) + " is known by its data directory " + hexadecimal(member.incarnation) +
                      " from now on");
    }
  }
  for (const raft::Member& member : before.members) {
    if (after.find(member.id) != nullptr) continue;
    lines.push_back(node_text(member.id) + " is no member any more; the voters are " + listed(after));
  }
  return lines;
}

std::vector<MetricValue> status_metrics(const node::Status& status, raft::Instant now) {
  std::vector<MetricValue> values;
  const auto gauge = [&](const char* name, std::uint64_t value, const char* help, std::string labels = {}) {
    values.push_back({name, std::move(labels), help, MetricKind::gauge, static_cast<double>(value), 0, {}});
  };
  gauge("tenon_raft_term", status.term.value(), "The term of this node.");
  gauge("tenon_raft_is_leader", status.role == raft::RoleName::leader ? 1 : 0, "1 when this node leads.");
  gauge("tenon_raft_has_leader", status.leader != raft::NodeId() ? 1 : 0, "1 when this node knows who leads.");
  gauge("tenon_raft_last_index", status.last_index.value(), "The last entry of this node's log.");
  gauge("tenon_raft_durable_index", status.durable_index.value(), "The last entry that is durable here.");
  gauge("tenon_raft_commit_index", status.commit_index.value(), "The last entry that this node knows to be committed.");
  gauge("tenon_raft_applied_index", status.applied_index.value(), "The last entry that is applied here.");
  if (status.state_as_of) {
    const auto age = std::max(now - *status.state_as_of, raft::Duration::zero());
    values.push_back({"tenon_state_age_seconds",
                      {},
                      "What this node shows includes everything that was acknowledged so long ago.",
                      MetricKind::gauge,
                      std::chrono::duration<double>(age).count(),
                      0,
                      {}});
  }
  gauge("tenon_keys", status.key_count, "Keys that there are.");
  gauge("tenon_revision", status.revision, "The revision of the state that is applied here.");
  gauge("tenon_inbox_bytes", status.inbox_bytes, "Bytes of requests that wait to be proposed.");
  gauge("tenon_log_space_short", status.space_is_short ? 1 : 0, "1 when room for the log runs short.");
  gauge("tenon_raft_first_index", status.first_index.value(), "The first entry that this node's log still holds.");
  gauge("tenon_snapshot_index", status.images.index.value(), "The last entry that the newest image includes.");
  gauge("tenon_snapshot_bytes", status.images.bytes, "Size of the newest image as stored.");
  gauge("tenon_snapshot_being_taken", status.images.is_being_taken ? 1 : 0, "1 while an image is taken.");
  gauge("tenon_snapshot_being_received", status.images.is_being_received ? 1 : 0, "1 while an image is received.");
  gauge("tenon_snapshot_transfers", status.images.sending, "Images that are on their way to peers.");
  gauge("tenon_watches", status.watches.open, "Watches that are open on this node.");
  gauge("tenon_watch_history_bytes", status.watches.history_bytes, "Size of the changes kept for those who watch.");
  gauge("tenon_watch_oldest_revision", status.watches.oldest_revision, "The first revision that a watch can begin at.");
  const auto counter = [&](const char* name, std::uint64_t value, const char* help) {
    values.push_back({name, {}, help, MetricKind::counter, static_cast<double>(value), 0, {}});
  };
  gauge("tenon_subscriptions", status.channels.subscriptions, "Subscriptions to channels that are open on this node.");
  counter("tenon_messages_published_total", status.channels.published, "Messages that were published on this node.");
  counter("tenon_messages_received_total", status.channels.received, "Messages of channels that came from peers.");
  counter("tenon_messages_missed_total", status.channels.missed,
          "Messages that subscriptions lost, because their client API did not take them fast enough, or more came than "
          "this node gives out.");
  counter("tenon_messages_unsent_total", status.channels.unsent,
          "Messages that were not sent to a peer, because more were published than peers may be sent.");
  counter("tenon_watch_changes_sent_total", status.watches.changes_sent, "Changes that watches were sent.");
  counter("tenon_watches_compacted_total", status.watches.compacted,
          "Watches that ended because their next revision was not kept any more.");
  const std::uint64_t voters = status.membership.voters().size();
  gauge("tenon_voters", voters, "Voters of the cluster, as this node knows it.");
  gauge("tenon_learners", status.membership.members.size() - voters, "Members of the cluster that do not vote.");
  gauge("tenon_voters_are_even", voters % 2 == 0 && voters > 0 ? 1 : 0,
        "1 when the voters are of an even number, which costs one more answer than it bears losses.");
  gauge("tenon_membership_is_changing", status.membership.is_joint() ? 1 : 0, "1 while two sets of voters count.");
  const auto place = status.own_standing.place;
  gauge("tenon_is_member", place == node::OwnStanding::Place::member ? 1 : 0,
        "0 when this node was removed, was refused, or waits to be taken in.");
  for (const node::MemberLag& lag : status.lags) {
    gauge("tenon_member_missing_bytes", lag.missing_bytes, "On the leader: what the member lacks of log and image.",
          metric_label("peer", std::to_string(lag.node.value())));
  }
  for (const raft::PeerStatus& peer : status.peers) {
    gauge("tenon_raft_replication_lag_entries", status.last_index.value() - peer.match_index.value(),
          "On the leader: entries that the peer is not known to hold.",
          metric_label("peer", std::to_string(peer.id.value())));
  }
  return values;
}

}  // namespace tenon::host
