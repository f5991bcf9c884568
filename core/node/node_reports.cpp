// SPDX-License-Identifier: MIT
// What the nodes tell each other of their clocks and states. A leader tells at the start of its leadership and at every
// interval, and every voter that hears of it tells all others in turn: so what is told belongs together, and states
// that move fast are compared at the same indexes.
#include <utility>

#include "node/node.hpp"

namespace tenon::node {
namespace {

// A clock that was not heard for this many intervals is not asked.
constexpr int kHeardIntervals = 3;

}  // namespace

void Node::exchange_reports() {
  begin_leadership();
  for (const auto& [from, report] : std::exchange(arrived_reports_, {})) take_report(from, report);
  look_at_clocks();
  compare_states();
}

void Node::begin_leadership() {
  if (raft_.role() != raft::RoleName::leader || led_term_ == raft_.term()) return;
  led_term_ = raft_.term();
  // What an earlier leadership proposed is applied before this one may stamp, or was truncated and never comes.
  clock_entry_ = raft::LogIndex();
  clock_.lead(now_.steady);
  next_report_ = now_.steady;
  next_look_ = now_.steady;
}

void Node::take_report(raft::NodeId from, const wire::NodeReport& report) {
  states_.reported(from, report.states);
  if (report.term != raft_.term()) return;
  if (raft_.role() == raft::RoleName::leader) {
    // One more clock may say that the time is a later one, and what is put from now on is better put by that.
    if (clock_.heard(now_.steady, from, report.wall_ms)) next_look_ = now_.steady;
  } else if (from == raft_.leader()) {
    if (report.cluster_time_ms != 0) clock_.follow(now_.steady, report.cluster_time_ms);
    is_report_due_ = true;
  }
}

void Node::look_at_clocks() {
  if (raft_.role() != raft::RoleName::leader || now_.steady < next_look_) return;
  next_look_ = now_.steady + settings_.reports.clock_interval;
  if (!raft_.membership().has_voter(settings_.raft.self)) return;
  const raft::Instant oldest = now_.steady - kHeardIntervals * settings_.reports.interval;
  clock_.look(now_.steady, oldest, now_.wall_ms, raft_.membership(), settings_.raft.self);
}

// Until the clocks of a majority are known a leader asks as often as it is heard of, for a report may be lost, and
// writes wait.
void Node::send_reports() {
  const bool leads = raft_.role() == raft::RoleName::leader;
  if (leads ? now_.steady < next_report_ : !is_report_due_) return;
  is_report_due_ = false;
  next_report_ = now_.steady + (clock_.is_set() ? settings_.reports.interval : settings_.raft.heartbeat_interval);
  const std::uint64_t cluster_time_ms = leads && may_stamp() ? clock_.stamp_ms(now_.steady) : 0;
  const wire::NodeReport report{raft_.term(), now_.wall_ms, cluster_time_ms, states_.own()};
  for (const raft::Member& member : raft_.membership().members) {
    if (member.id != settings_.raft.self) links_.queue(member.id, report);
  }
}

void Node::compare_states() {
  if (odd_ || !raft_.membership().has_voter(settings_.raft.self)) return;
  const StateComparison::Outcome outcome = states_.compare(raft_.membership(), settings_.raft.self);
  if (outcome.compared > 0) surroundings_.states_compared(outcome.compared);
  if (outcome.difference.empty()) return;
  surroundings_.states_differ(outcome.difference);
  if (!outcome.is_odd) return;
  // Leadership first, so that the cluster need not wait for an election timeout; meanwhile nothing of the state is
  // shown, sent or kept.
  odd_ = {"the state of this node is not what the majority holds, and must not be used: " + outcome.difference,
          now_.steady + settings_.raft.election_timeout_max};
  transfer_leadership(raft::NodeId());
}

// Once the entry that began its leadership is applied, the node has seen every stamp of cluster time that its
// predecessors gave.
bool Node::is_ready_leader() const noexcept {
  return raft_.accepts_proposals() && applied_index_ >= raft_.leadership_start();
}

bool Node::may_stamp() const noexcept { return is_ready_leader() && clock_.is_set() && !odd_; }

}  // namespace tenon::node
