// SPDX-License-Identifier: MIT
#include <utility>

#include "raft/quorum.hpp"
#include "raft/raft.hpp"

namespace tenon::raft {

void Raft::become_leader(Effects& effects) {
  TENON_CHECK(std::holds_alternative<Candidate>(role_));
  role_ = Leader{log_.last_index().next(), {}};
  append(EntryKind::no_op, settings_.no_op_data, effects);
  effects.roles.push_back({RoleName::leader, hard_state_.term, settings_.self});
}

LogIndex Raft::append(EntryKind kind, Payload data, Effects& effects) {
  Entry entry{log_.last_index().next(), hard_state_.term, kind, std::move(data)};
  const LogIndex index = entry.index;
  Write& write = current_write(effects);
  write.entries.push_back(entry);
  log_.append(std::move(entry), write.sequence);
  return index;
}

// Raft paper, section 5.4.2: a leader commits by counting only entries of its own term; older ones with them. Its own
// match is what storage has made durable, never what was merely appended.
void Raft::advance_commit(Effects& effects) {
  const auto* leading = std::get_if<Leader>(&role_);
  if (leading == nullptr) return;
  std::vector<LogIndex> matches;
  matches.reserve(membership_.voters.size());
  for (const NodeId voter : membership_.voters) {
    matches.push_back(voter == settings_.self ? log_.durable_index() : LogIndex());
  }
  const LogIndex reached = majority_match(std::move(matches));
  if (reached <= commit_index_ || reached < leading->term_start) return;
  commit_index_ = reached;
  effects.committed = commit_index_;
  release_reads(effects);
}

// Thesis, section 6.4: the commit index may serve reads once an entry of this term is committed, for only then does the
// leader know every entry that its predecessors committed. With one voter no other can have been elected meanwhile, so
// no round of messages is needed to confirm it.
void Raft::release_reads(Effects& effects) {
  auto& leading = std::get<Leader>(role_);
  if (commit_index_ < leading.term_start) return;
  TENON_CHECK(is_only_voter());
  for (const Leader::WaitingRead& read : leading.waiting_reads) effects.reads.push_back({read.token, commit_index_});
  leading.waiting_reads.clear();
}

}  // namespace tenon::raft
