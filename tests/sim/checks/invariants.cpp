// SPDX-License-Identifier: MIT
#include "checks/invariants.hpp"

#include <algorithm>

#include "checks/bounds.hpp"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kRequestSlackBytes = 1'000;  // of a command beside its value
constexpr std::size_t kFrameKindAt = 9;              // by docs/formats.md

}  // namespace

void Invariants::violated(const char* kind, const Machine& machine, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(machine.id().value()) + ": " + what);
}

void Invariants::check(const Machine& machine) {
  Seen& seen = seen_[machine.id()];
  const bool led_before = seen.leads && seen.term == machine.node().raft().term();
  check_promises(machine);
  check_terms(machine, seen);
  const raft::Log& log = machine.node().raft().log();
  for (const raft::LogIndex fresh :
       logs_.look({machine.id(), seen.commit, led_before && seen.leads}, log, committed_)) {
    history_.seen(fresh, *log.term(fresh), log.cached(fresh)->data.bytes);
    check_membership(machine, fresh);
  }
  check_commit(machine, seen, led_before && seen.leads);
  believed_.check_matches(machine, committed_);
  const node::Status status = machine.node().status();
  check_state(machine, seen, status);
  check_acknowledged(seen);
  elections_.stands_as(machine.id(), status.own_standing.place == node::OwnStanding::Place::removed);
  const raft::Raft& raft = machine.node().raft();
  const bool has_committed = raft.role() == raft::RoleName::leader && raft.commit_index() >= raft.leadership_start();
  check_bounds(machine.id(), status, machine.open_images(),
               {options_.node, std::max(options_.value_bytes_max, options_.large_value_bytes) + kRequestSlackBytes,
                machines_.size(), has_committed});
}

// I16, election safety (Raft paper, section 5.2): at most one leader in a term.
void Invariants::check_terms(const Machine& machine, Seen& seen) {
  const raft::Raft& raft = machine.node().raft();
  if (raft.term() < seen.term) violated("term", machine, "its term has fallen");
  const bool leads = raft.role() == raft::RoleName::leader;
  if (leads) {
    const auto leader = leaders_.emplace(raft.term(), machine.id()).first;
    if (leader->second != machine.id()) {
      violated("election-safety", machine,
               "it leads in term " + std::to_string(raft.term().value()) + ", in which node " +
                   std::to_string(leader->second.value()) + " has led");
    }
    if (!seen.leads || raft.term() > seen.term) {
      Logs::check_leader(machine.id(), raft.log(), raft.term(), committed_, committed_in_);
      elections_.leads(machine.id(), raft.term(), raft.membership());
      believed_.check_leases(machine);
    }
  }
  seen.term = raft.term();
  seen.leads = leads;
}

// I19, state machine safety (section 5.4.3): what is committed is the same everywhere, for ever.
void Invariants::check_commit(const Machine& machine, Seen& seen, bool led_before) {
  const raft::Raft& raft = machine.node().raft();
  if (raft.commit_index() < seen.commit) violated("commit", machine, "its commit index has fallen");
  const raft::LogIndex known = std::max(seen.commit, raft.log().boundary());
  for (raft::LogIndex index = known.next(); index <= raft.commit_index(); index = index.next()) {
    const raft::Term term = *raft.log().term(index);
    if (index > committed()) decide(machine, index, term);
    if (committed_[index.value() - 1] != term) {
      violated("state-machine-safety", machine,
               "it takes for committed another entry " + std::to_string(index.value()) + " than what was decided");
    }
  }
  // I8, but for what an image has brought, which a leader may be late to install.
  const bool has_advanced = raft.commit_index() > seen.commit && raft.commit_index() > raft.log().boundary();
  if (led_before && has_advanced && raft.log().term(raft.commit_index()) != raft.term() &&
      raft.commit_index() != machine.node().status().images.index) {
    violated("commit-rule", machine, "it leads, and has committed an entry of an earlier term by counting");
  }
  seen.commit = raft.commit_index();
}

// I28: nodes that have applied the same hold the same state.
void Invariants::check_state(const Machine& machine, Seen& seen, const node::Status& status) {
  if (status.applied_index > committed()) {
    violated("applied", machine,
             "it has applied index " + std::to_string(status.applied_index.value()) +
                 ", and no more is committed than " + std::to_string(committed().value()));
  }
  if (status.applied_index < seen.applied) violated("applied", machine, "its applied index has fallen");
  const auto known = states_.emplace(status.applied_index, status.state_hash).first;
  if (known->second != status.state_hash) {
    violated("state", machine,
             "with index " + std::to_string(status.applied_index.value()) +
                 " applied it holds another state than a node that has applied the same");
  }
  if (status.applied_index == seen.applied) return;
  const bool came_with_image = machine.node().raft().log().boundary() > seen.applied;
  seen.applied = status.applied_index;
  history_.check(machine.id().value(), status.applied_index, machine.node().store());
  if (came_with_image) {
    history_.check_content(machine.id().value(), status.applied_index, machine.node().store());
  }
}

// I34.
void Invariants::check_promises(const Machine& machine) {
  std::uint64_t& disks = disks_.try_emplace(machine.id(), 1).first->second;
  if (std::exchange(disks, machine.disks()) != machine.disks()) {
    promises_.forget(machine.id());
    elections_.forget(machine.id());
  }
  promises_.check(machine.id(), machine.durable(), machine.node().raft().hard_state());
}

void Invariants::answered(const Machine& machine, const node::Answer& answer) {
  const std::uint64_t command = acknowledgements_.answered(answer);
  if (command != 0) seen_[machine.id()].acknowledged.push_back(command);
}

// I37. Who is told is told within a round, and the disks are as they were then.
void Invariants::check_acknowledged(Seen& seen) {
  for (const std::uint64_t command : seen.acknowledged) {
    const raft::LogIndex index = acknowledgements_.entry_of(command);
    const std::size_t place = index.value() - 1;
    // Whoever has come later may have it instead of those that have gone.
    if (!is_quorum_of(*decided_by_.back(), holders(index, committed_[place]))) {
      throw Violation("durability", "a client was told that a write is done whose entry " +
                                        std::to_string(index.value()) + " is not on the disks of a quorum");
    }
  }
  trace_.count("writes acknowledged durably", seen.acknowledged.size());
  seen.acknowledged.clear();
}

// I35 and I36.
void Invariants::check_sent(Machine& machine, NodeId to, std::span<const wire::OutgoingFrame> frames) {
  const std::size_t message_kind_at = 48 + options_.node.cluster_id.size();
  const raft::Raft& raft = machine.node().raft();
  const std::uint64_t state =
      mixed(mixed(mixed(static_cast<std::uint64_t>(raft.role()), raft.term().value()), raft.commit_index().value()),
            raft.log().last_index().value());
  for (const wire::OutgoingFrame& frame : frames) {
    repetition_.sent(machine.id(), to, content_hash(frame.head), state, events_.now());
    if (!frame.data.empty() || frame.head.at(kFrameKindAt) != 1) continue;
    const char kind = frame.head.at(message_kind_at);
    const auto known = is_promise_.find(kind);
    if (known != is_promise_.end() && !known->second) continue;
    const auto whole = std::make_shared<const std::string>(frame.head);
    const auto decoded = wire::decode_frame(whole);
    const auto& message = std::get<raft::Message>(std::get<wire::DecodedFrame>(decoded).body);
    is_promise_[kind] = DurablePromises::is_promise(message);
    DurablePromises::check_sent(machine.id(), to, message, machine.durable());
    elections_.sent(machine.id(), to, message, raft.membership());
    if (const auto* accepted = std::get_if<raft::AppendAccepted>(&message)) {
      believed_.check_acknowledged(machine, to, *accepted);
      machine.has_acknowledged(accepted->match_index);
    }
  }
}

// A vote counts when it has come.
void Invariants::check_received(const Machine& machine, NodeId from, const std::shared_ptr<const std::string>& frame) {
  const std::size_t message_kind_at = 48 + options_.node.cluster_id.size();
  if (frame->size() <= message_kind_at || frame->at(kFrameKindAt) != 1) return;
  const auto known = is_vote_reply_.find(frame->at(message_kind_at));
  if (known != is_vote_reply_.end() && !known->second) return;
  const auto decoded = wire::decode_frame(frame);
  const auto* whole = std::get_if<wire::DecodedFrame>(&decoded);
  if (whole == nullptr) return;
  const auto* message = std::get_if<raft::Message>(&whole->body);
  if (message == nullptr) return;
  const auto* reply = std::get_if<raft::VoteReply>(message);
  is_vote_reply_[frame->at(message_kind_at)] = reply != nullptr;
  const auto sender =
      std::find_if(machines_.begin(), machines_.end(), [&](const auto& one) { return one->id() == from; });
  if (reply == nullptr || sender == machines_.end()) return;
  // To those that know it a node whose disk is another is nobody, until it is taken in again with that one.
  const raft::Member* known_as = machine.node().raft().membership().find(from);
  const bool is_taken_in = known_as != nullptr && known_as->incarnation == whole->envelope.incarnation;
  if ((*sender)->is_stranger() && !is_taken_in) return;
  elections_.received(from, machine.id(), *reply);
}

// I42. A leader appends a membership when the one before it is committed; nobody has it earlier than the leader.
void Invariants::check_membership(const Machine& machine, raft::LogIndex index) {
  const raft::Raft& raft = machine.node().raft();
  const auto& appended = raft.log().membership_as_of(index);
  if (appended.index != index || index <= raft::LogIndex(1)) return;
  trace_.count("memberships appended");
  const std::vector<NodeId> voters = appended.membership->voters();
  const auto is_wrong = [&](NodeId voter) { return voter.value() <= options_.wrong_clocks; };
  const auto wrong = static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), is_wrong));
  if (voters.size() - wrong < majority_of(voters.size())) clocks_are_right_ = false;
  const auto& before = raft.log().membership_as_of(index.previous());
  if (before.index > std::max(committed(), raft.commit_index())) {
    violated("membership", machine, "two memberships of its log are not decided");
  }
  if (!quorums_intersect(*before.membership, *appended.membership)) {
    violated("membership", machine, "a quorum of its newest membership may miss all of a quorum of the one before");
  }
}

std::set<NodeId> Invariants::holders(raft::LogIndex index, raft::Term term) const {
  std::set<NodeId> holders;
  for (const auto& machine : machines_) {
    if (machine->has_held(index, term)) holders.insert(machine->id());
  }
  return holders;
}

// I20, durability: what is committed is on the disks of a quorum before anyone is told: of the membership that was in
// force, as the round may have gone through more than one.
void Invariants::decide(const Machine& machine, raft::LogIndex index, raft::Term term) {
  const raft::Raft& raft = machine.node().raft();
  const std::set<NodeId> held_by = holders(index, term);
  std::shared_ptr<const raft::Membership> decided_by;
  for (const raft::LogIndex as_of : {index, raft.commit_index(), raft.log().last_index()}) {
    const auto& in_force = raft.log().membership_as_of(as_of).membership;
    if (!decided_by && is_quorum_of(*in_force, held_by)) decided_by = in_force;
  }
  if (!decided_by) {
    throw Violation("durability", "the entry " + std::to_string(index.value()) + " of term " +
                                      std::to_string(term.value()) + " was committed with " +
                                      std::to_string(held_by.size()) + " disks that hold it");
  }
  committed_.push_back(term);
  committed_in_.push_back(raft.term());
  decided_by_.push_back(std::move(decided_by));
  trace_.count("entries committed");
  const auto drifted_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(trace_.time() * options_.drift_per_million / 1'000'000).count());
  // By as much as the clocks of those that have led may have jumped.
  Duration jumped{};
  for (const auto& one : machines_) jumped += one->jumped();
  const auto jumped_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(jumped).count());
  const std::uint64_t wall_ms_max =
      true_wall_ms(events_.now()) + drifted_ms + jumped_ms + (options_.drift_per_million > 0 ? 1u : 0u);
  history_.committed(index, term, clocks_are_right_ ? wall_ms_max : ~std::uint64_t{0});
}

void Invariants::check_final(const Machine& machine) const {
  history_.check_final(machine.id().value(), machine.node().store());
}

}  // namespace tenon::sim
