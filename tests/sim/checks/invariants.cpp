// SPDX-License-Identifier: MIT
#include "checks/invariants.hpp"

#include <algorithm>

#include "checks/bounds.hpp"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kRequestSlackBytes = 1'000;  // of a command beside its value
// By docs/formats.md: of a frame, its kind; and the id of the cluster, behind which the body begins.
constexpr std::size_t kFrameKindAt = 9;
constexpr std::size_t kClusterAt = 64;

}  // namespace

void Invariants::violated(const char* kind, const Machine& machine, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(machine.id().value()) + ": " + what);
}

void Invariants::check(const Machine& machine) {
  Seen& seen = seen_[machine.id()];
  const Leading led_before = seen.leading;
  check_promises(machine);
  check_terms(machine, seen);
  const bool leads = seen.leading.term != raft::Term();
  const bool has_led_on = leads && led_before.term == seen.leading.term;
  const Leading leading = leads ? seen.leading : led_before;  // in this round
  const raft::Log& log = machine.node().raft().log();
  for (const raft::LogIndex fresh : logs_.look({machine.id(), seen.commit, has_led_on}, log, committed_)) {
    history_.seen(fresh, *log.term(fresh), log.cached(fresh)->data.bytes);
    check_membership(machine, fresh, leading);
  }
  check_commit(machine, seen, leading, has_led_on);
  seen.membership = log.membership_as_of(log.last_index());
  believed_.check_matches(machine, committed_);
  const node::Status status = machine.node().status();
  check_state(machine, seen, status);
  check_acknowledged(seen);
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
    if (seen.leading.term != raft.term()) {
      Logs::check_leader(machine.id(), raft.log(), raft.term(), committed_, committed_in_);
      elections_.leads({machine.id(), machine.incarnation()}, raft.term(), raft.membership());
      believed_.check_leases(machine);
    }
  }
  seen.term = raft.term();
  seen.leading = leads ? Leading{raft.term(), raft.leadership_start()} : Leading{};
}

// I19, state machine safety (section 5.4.3): what is committed is the same everywhere, for ever. A leader decides it,
// and was looked at when it did; others are told.
void Invariants::check_commit(const Machine& machine, Seen& seen, const Leading& leading, bool has_led_on) {
  const raft::Raft& raft = machine.node().raft();
  if (raft.commit_index() < seen.commit) violated("commit", machine, "its commit index has fallen");
  const raft::LogIndex known = std::max(seen.commit, raft.log().boundary());
  for (raft::LogIndex index = known.next(); index <= raft.commit_index(); index = index.next()) {
    const raft::Term term = *raft.log().term(index);
    if (index > committed()) decide(machine, seen, leading, {index, term});
    if (committed_[index.value() - 1] != term) {
      violated("state-machine-safety", machine,
               "it takes for committed another entry " + std::to_string(index.value()) + " than what was decided");
    }
  }
  // I8, but for what an image has brought, which a leader may be late to install.
  const bool has_advanced = raft.commit_index() > seen.commit && raft.commit_index() > raft.log().boundary();
  if (has_led_on && has_advanced && raft.log().term(raft.commit_index()) != raft.term() &&
      raft.commit_index() != machine.node().status().images.index) {
    violated("commit-rule", machine, "it leads, and has committed an entry of an earlier term by counting");
  }
  seen.commit = raft.commit_index();
  if (leading.term != raft::Term()) {
    disks_.acknowledged(machine.incarnation(), {leading.term, machine.id()}, raft.commit_index());
  }
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
  std::uint64_t& disks = disks_had_.try_emplace(machine.id(), 1).first->second;
  if (std::exchange(disks, machine.disks()) != machine.disks()) promises_.forget(machine.id());
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
    if (!is_on_disks(*decided_by_.back(), {index, committed_[place]}, std::nullopt)) {
      throw Violation("durability", "a client was told that a write is done whose entry " +
                                        std::to_string(index.value()) + " is not on the disks of a quorum");
    }
  }
  trace_.count("writes acknowledged durably", seen.acknowledged.size());
  seen.acknowledged.clear();
}

// I35 and I36.
void Invariants::check_sent(Machine& machine, NodeId to, std::span<const wire::OutgoingFrame> frames) {
  const std::size_t message_kind_at = kClusterAt + options_.node.cluster_id.size();
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
    const auto* accepted = std::get_if<raft::AppendAccepted>(&message);
    const auto in_memory = accepted != nullptr ? raft.log().term(accepted->match_index) : std::nullopt;
    DurablePromises::check_sent(machine.id(), to, message, machine.durable(), in_memory);
    elections_.sent({{machine.id(), machine.incarnation()}, raft.membership(), raft.is_removed()}, to, message);
    if (accepted != nullptr) {
      disks_.acknowledged(machine.incarnation(), {accepted->term, to}, accepted->match_index);
      believed_.check_acknowledged(machine, to, *accepted);
    }
  }
}

// A vote counts when it has come.
void Invariants::check_received(const Machine& machine, NodeId from, const std::shared_ptr<const std::string>& frame) {
  const std::size_t message_kind_at = kClusterAt + options_.node.cluster_id.size();
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
  if (reply == nullptr) return;
  elections_.received({from, whole->envelope.incarnation}, {machine.id(), machine.incarnation()}, *reply);
}

// I42, I57. A leader appends a membership when it knows the one before it to be committed, and an entry of its own
// term; nobody has it earlier than the leader; and who is taken in is where it is said to be.
void Invariants::check_membership(const Machine& machine, raft::LogIndex index, const Leading& leading) {
  const raft::Raft& raft = machine.node().raft();
  const auto& appended = raft.log().membership_as_of(index);
  if (appended.index != index || index <= raft::LogIndex(1)) return;
  trace_.count("memberships appended");
  const std::vector<NodeId> voters = appended.membership->voters();
  const auto is_wrong = [&](NodeId voter) { return voter.value() <= options_.wrong_clocks; };
  const auto wrong = static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), is_wrong));
  if (voters.size() - wrong < majority_of(voters.size())) clocks_are_right_ = false;
  const auto& before = raft.log().membership_as_of(index.previous());
  if (leading.term == raft::Term()) violated("membership", machine, "it has a membership that no leader has appended");
  if (before.index > raft.commit_index()) {
    violated("membership", machine, "two memberships of its log are not decided");
  }
  if (leading.start > raft.commit_index()) {
    violated("membership", machine, "it changes members before an entry of its term is committed");
  }
  if (!quorums_intersect(*before.membership, *appended.membership)) {
    violated("membership", machine, "a quorum of its newest membership may miss all of a quorum of the one before");
  }
  for (const raft::Member& member : appended.membership->members) {
    const std::string own = Network::address_of(member.id);
    const auto is_own = [&](const std::string& address) { return address == own; };
    if (!std::all_of(member.addresses.begin(), member.addresses.end(), is_own)) {
      violated("membership", machine,
               "it says of node " + std::to_string(member.id.value()) + " that it is where another one is");
    }
  }
}

bool Invariants::is_on_disks(const raft::Membership& membership, const Disks::Entry& entry,
                             const std::optional<Leadership>& leadership) const {
  std::set<NodeId> holders;
  for (const auto& machine : machines_) {
    const raft::Member* member = membership.find(machine->id());
    if (member == nullptr) continue;
    if (disks_.hold(machine->all_disks(), member->incarnation, entry, leadership)) holders.insert(member->id);
  }
  return is_quorum_of(membership, holders);
}

// I20, durability: what is committed is on the disks of a quorum before anyone is told: of the membership that was in
// force when the leader counted, which is the one before its round, or one that it has gone on to since.
void Invariants::decide(const Machine& machine, const Seen& seen, const Leading& leading, const Disks::Entry& entry) {
  if (leading.term == raft::Term()) {
    violated("state-machine-safety", machine,
             "it takes the entry " + std::to_string(entry.index.value()) + " for committed, as no leader does");
  }
  const raft::Log& log = machine.node().raft().log();
  std::vector<std::shared_ptr<const raft::Membership>> in_force;
  for (raft::LogIndex index = log.last_index();;) {
    const raft::Log::MembershipAt& at = log.membership_as_of(index);
    in_force.push_back(at.membership);
    if (at.index <= std::max(seen.membership.index, log.boundary())) break;
    index = at.index.previous();
  }
  if (seen.membership.membership) in_force.push_back(seen.membership.membership);
  const Leadership leadership(leading.term, machine.id());
  const auto decided_by = std::find_if(in_force.begin(), in_force.end(), [&](const auto& membership) {
    return is_on_disks(*membership, entry, leadership);
  });
  if (decided_by == in_force.end()) {
    throw Violation("durability", "the entry " + std::to_string(entry.index.value()) + " of term " +
                                      std::to_string(entry.term.value()) +
                                      " was committed before it was on the disks of a quorum");
  }
  committed_.push_back(entry.term);
  committed_in_.push_back(leading.term);
  decided_by_.push_back(*decided_by);
  trace_.count("entries committed");
  const auto drifted_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(trace_.time() * options_.drift_per_million / 1'000'000).count());
  // By as much as the clocks of those that have led may have jumped.
  Duration jumped{};
  for (const auto& one : machines_) jumped += one->jumped();
  const auto jumped_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(jumped).count());
  const std::uint64_t wall_ms_max =
      true_wall_ms(events_.now()) + drifted_ms + jumped_ms + (options_.drift_per_million > 0 ? 1u : 0u);
  history_.committed(entry.index, entry.term, clocks_are_right_ ? wall_ms_max : ~std::uint64_t{0});
}

void Invariants::check_final(const Machine& machine) const {
  history_.check_final(machine.id().value(), machine.node().store());
}

}  // namespace tenon::sim
