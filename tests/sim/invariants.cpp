// SPDX-License-Identifier: MIT
#include "invariants.hpp"

#include <algorithm>

#include "raft/quorum.hpp"

namespace tenon::sim {

void Invariants::violated(const char* kind, const Machine& machine, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(machine.id().value()) + ": " + what);
}

void Invariants::check(const Machine& machine) {
  Seen& seen = seen_[machine.id()];
  check_terms(machine, seen);
  check_log(machine, seen);
  check_commit(machine, seen);
  check_state(machine, seen);
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
    if (!seen.leads || raft.term() > seen.term) check_leader(machine);
  }
  seen.term = raft.term();
  seen.leads = leads;
}

// I18, leader completeness (section 5.4): a leader has every entry that was committed in an earlier term. One that was
// held up and learns late that it was elected need not have what was committed in a later term.
void Invariants::check_leader(const Machine& machine) const {
  const raft::Log& log = machine.node().raft().log();
  for (std::size_t i = 0; i < committed_.size(); ++i) {
    if (raft::LogIndex(i + 1) < log.boundary()) continue;  // within an image of what is committed
    if (committed_in_[i] < machine.node().raft().term() && log.term(raft::LogIndex(i + 1)) != committed_[i]) {
      violated("leader-completeness", machine, "it leads without the committed entry " + std::to_string(i + 1));
    }
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
void Invariants::check_log(const Machine& machine, Seen& seen) {
  check_image(machine, seen);
  const raft::Log& log = machine.node().raft().log();
  std::size_t agreed = std::min<std::size_t>(seen.terms.size(), log.last_index().value());
  while (agreed > log.boundary().value() && log.term(raft::LogIndex(agreed)) != seen.terms[agreed - 1]) --agreed;
  if (agreed < seen.commit.value()) violated("commit", machine, "it has dropped an entry that it knew to be committed");
  if (agreed < seen.terms.size()) trace_.count("truncations");
  seen.terms.resize(agreed);
  for (raft::LogIndex index(agreed + 1); index <= log.last_index(); index = index.next()) {
    const raft::Term term = *log.term(index);
    const raft::Term before = seen.terms.empty() ? raft::Term() : seen.terms.back();
    seen.terms.push_back(term);
    const raft::Entry* entry = log.cached(index);
    if (entry == nullptr) continue;  // it was looked at when it was new
    history_.seen(index, term, entry->data.bytes);
    const std::pair what(mixed(0, entry->data.bytes), before);
    const auto known = entries_.emplace(std::pair(index, term), what).first;
    if (known->second != what) {
      violated("log-matching", machine,
               "its entry " + std::to_string(index.value()) + " of term " + std::to_string(term.value()) +
                   " is another than elsewhere, or comes after another");
    }
  }
}

// I19, state machine safety (section 5.4.3): what is committed is the same everywhere, for ever.
void Invariants::check_commit(const Machine& machine, Seen& seen) {
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
  seen.applied = status.applied_index;
  history_.check(machine.id().value(), status.applied_index, machine.node().store());
}

// I20, durability: what is committed is on the disks of a majority before anyone is told.
void Invariants::decide(raft::LogIndex index, raft::Term term, raft::Term now) {
  std::size_t holders = 0;
  for (const auto& machine : machines_) {
    if (machine->has_held(index, term)) ++holders;
  }
  if (2 * holders <= machines_.size()) {
    throw Violation("durability", "the entry " + std::to_string(index.value()) + " of term " +
                                      std::to_string(term.value()) + " was committed with " + std::to_string(holders) +
                                      " disks that hold it");
  }
  committed_.push_back(term);
  committed_in_.push_back(now);
  trace_.count("entries committed");
  const bool majority_is_right = machines_.size() - options_.wrong_clocks >= raft::majority(machines_.size());
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
