// SPDX-License-Identifier: MIT
#include "checks/invariants.hpp"

#include <algorithm>

#include "majority.hpp"

namespace tenon::sim {
namespace {

constexpr std::uint64_t kHistorySlackBytes = 100'000;

}  // namespace

void Invariants::violated(const char* kind, const Machine& machine, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(machine.id().value()) + ": " + what);
}

void Invariants::check(const Machine& machine) {
  Seen& seen = seen_[machine.id()];
  const bool led_before = seen.leads && seen.term == machine.node().raft().term();
  check_promises(machine);
  check_terms(machine, seen);
  check_log(machine, seen, led_before && seen.leads);
  check_commit(machine, seen, led_before && seen.leads);
  check_state(machine, seen);
  check_acknowledged(seen);
  check_bounds(machine);
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
      check_leader(machine);
      elections_.leads(machine.id(), raft.term(), raft.membership());
    }
  }
  seen.term = raft.term();
  seen.leads = leads;
}

// I18, leader completeness (section 5.4): a leader has every entry that was committed in an earlier term. One that was
// held up and learns late that it was elected need not have what was committed in a later term. The last of them stands
// for all: what is before it in the log is what is before it elsewhere (I17).
void Invariants::check_leader(const Machine& machine) const {
  const raft::Log& log = machine.node().raft().log();
  const auto end = std::lower_bound(committed_in_.begin(), committed_in_.end(), machine.node().raft().term());
  const raft::LogIndex last(static_cast<std::uint64_t>(end - committed_in_.begin()));
  if (last <= log.boundary()) return;  // within an image of what is committed, or nothing
  if (log.term(last) != committed_[last.value() - 1]) {
    violated("leader-completeness", machine, "it leads without the committed entry " + std::to_string(last.value()));
  }
}

// I27: what is in an image is what was committed, and so are the entries that it stands for.
void Invariants::check_image(const Machine& machine, Seen& seen) const {
  const raft::Log& log = machine.node().raft().log();
  const std::size_t boundary = log.boundary().value();
  if (boundary == seen.boundary) return;
  if (boundary < seen.boundary) violated("image", machine, "its log begins earlier than before");
  if (boundary > committed_.size() || log.term(log.boundary()) != committed_[boundary - 1]) {
    violated("image", machine, "its image ends with an entry that was not committed, " + std::to_string(boundary));
  }
  if (seen.terms.size() < boundary || seen.terms[boundary - 1] != committed_[boundary - 1]) {
    seen.terms.assign(committed_.begin(), committed_.begin() + static_cast<std::ptrdiff_t>(boundary));
  }
  seen.boundary = boundary;
}

// I17, log matching (section 5.3): an index and a term name one entry, and all before it.
void Invariants::check_log(const Machine& machine, Seen& seen, bool led_before) {
  check_image(machine, seen);
  const raft::Log& log = machine.node().raft().log();
  std::size_t agreed = std::min<std::size_t>(seen.terms.size(), log.last_index().value());
  while (agreed > log.boundary().value() && log.term(raft::LogIndex(agreed)) != seen.terms[agreed - 1]) --agreed;
  if (agreed < seen.commit.value()) violated("commit", machine, "it has dropped an entry that it knew to be committed");
  if (agreed < seen.terms.size() && led_before) {
    violated("leader-append-only", machine, "it has dropped an entry of its own log while it led");
  }
  if (agreed < seen.terms.size()) trace_.count("truncations");
  seen.terms.resize(agreed);
  for (raft::LogIndex index(agreed + 1); index <= log.last_index(); index = index.next()) {
    const raft::Term term = *log.term(index);
    const raft::Term before = seen.terms.empty() ? raft::Term() : seen.terms.back();
    seen.terms.push_back(term);
    check_entry(machine, index, term, before);
  }
}

// One that is no longer in memory was looked at when it was new; by then it had the same one before it.
void Invariants::check_entry(const Machine& machine, raft::LogIndex index, raft::Term term, raft::Term before) {
  const raft::Entry* entry = machine.node().raft().log().cached(index);
  const std::pair place(index, term);
  auto known = entries_.find(place);
  if (entry == nullptr) {
    if (known == entries_.end() || known->second.second == before) return;
  } else {
    if (known == entries_.end()) history_.seen(index, term, entry->data.bytes);
    const std::pair what(content_hash(entry->data.bytes), before);
    known = entries_.emplace(place, what).first;
    if (known->second == what) return;
  }
  violated("log-matching", machine,
           "its entry " + std::to_string(index.value()) + " of term " + std::to_string(term.value()) +
               " is another than elsewhere, or comes after another");
}

// I19, state machine safety (section 5.4.3): what is committed is the same everywhere, for ever.
void Invariants::check_commit(const Machine& machine, Seen& seen, bool led_before) {
  const raft::Raft& raft = machine.node().raft();
  if (raft.commit_index() < seen.commit) violated("commit", machine, "its commit index has fallen");
  const raft::LogIndex known = std::max(seen.commit, raft.log().boundary());
  for (raft::LogIndex index = known.next(); index <= raft.commit_index(); index = index.next()) {
    const raft::Term term = *raft.log().term(index);
    if (index > committed()) decide(index, term, raft.term());
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
void Invariants::check_state(const Machine& machine, Seen& seen) {
  const node::Status status = machine.node().status();
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
  if (machine.is_stranger() && strangers_.insert(machine.id()).second) {
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
    if (holders(index, committed_[index.value() - 1]) < majority_of(machines_.size())) {
      throw Violation("durability", "a client was told that a write is done whose entry " +
                                        std::to_string(index.value()) + " is not on the disks of a majority");
    }
  }
  trace_.count("writes acknowledged durably", seen.acknowledged.size());
  seen.acknowledged.clear();
}

// I35 and I36.
void Invariants::check_sent(const Machine& machine, NodeId to, std::span<const wire::OutgoingFrame> frames) {
  constexpr std::size_t frame_kind_at = 9;  // by docs/formats.md
  const std::size_t message_kind_at = 48 + options_.node.cluster_id.size();
  const raft::Raft& raft = machine.node().raft();
  const std::uint64_t state =
      mixed(mixed(mixed(static_cast<std::uint64_t>(raft.role()), raft.term().value()), raft.commit_index().value()),
            raft.log().last_index().value());
  for (const wire::OutgoingFrame& frame : frames) {
    repetition_.sent(machine.id(), to, content_hash(frame.head), state, events_.now());
    if (!frame.data.empty() || frame.head.at(frame_kind_at) != 1) continue;
    const char kind = frame.head.at(message_kind_at);
    const auto known = is_promise_.find(kind);
    if (known != is_promise_.end() && !known->second) continue;
    const auto whole = std::make_shared<const std::string>(frame.head);
    const auto decoded = wire::decode_frame(whole);
    const auto& message = std::get<raft::Message>(std::get<wire::DecodedFrame>(decoded).body);
    is_promise_[kind] = DurablePromises::is_promise(message);
    DurablePromises::check_sent(machine.id(), to, message, machine.durable());
    elections_.sent(machine.id(), to, message, raft.membership());
  }
}

// I15, of what can be seen from outside.
void Invariants::check_bounds(const Machine& machine) const {
  const node::Status status = machine.node().status();
  // One request alone may be larger than the inbox.
  constexpr std::uint64_t request_bytes_max = 1'000;
  const std::uint64_t inbox_max = std::max(options_.node.inbox_bytes_max, request_bytes_max);
  if (status.inbox_bytes > inbox_max) violated("bounds", machine, "its inbox is beyond its bound");
  // The changes of one entry are kept whole.
  const std::uint64_t history_max = options_.node.watch_history_bytes_max + kHistorySlackBytes;
  if (status.watches.history_bytes > history_max) violated("bounds", machine, "its watch history is beyond its bound");
  // One that is taken or installed, one that comes in, and one for each peer that is sent one.
  if (machine.open_images() > 2 + machines_.size()) violated("bounds", machine, "it has too many images open");
}

std::size_t Invariants::holders(raft::LogIndex index, raft::Term term) const {
  std::size_t holders = 0;
  for (const auto& machine : machines_) {
    if (machine->has_held(index, term)) ++holders;
  }
  return holders;
}

// I20, durability: what is committed is on the disks of a majority before anyone is told.
void Invariants::decide(raft::LogIndex index, raft::Term term, raft::Term now) {
  const std::size_t count = holders(index, term);
  if (count < majority_of(machines_.size())) {
    throw Violation("durability", "the entry " + std::to_string(index.value()) + " of term " +
                                      std::to_string(term.value()) + " was committed with " + std::to_string(count) +
                                      " disks that hold it");
  }
  committed_.push_back(term);
  committed_in_.push_back(now);
  trace_.count("entries committed");
  const bool majority_is_right = machines_.size() - options_.wrong_clocks >= majority_of(machines_.size());
  const auto drifted_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(trace_.time() * options_.drift_per_million / 1'000'000).count());
  const std::uint64_t wall_ms_max =
      true_wall_ms(events_.now()) + drifted_ms + (options_.drift_per_million > 0 ? 1u : 0u);
  history_.committed(index, term, majority_is_right ? wall_ms_max : ~std::uint64_t{0});
}

void Invariants::check_final() const {
  for (const auto& machine : machines_) {
    if (machine->is_core()) history_.check_final(machine->id().value(), machine->node().store());
  }
}

}  // namespace tenon::sim
