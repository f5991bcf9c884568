// SPDX-License-Identifier: MIT
#include "checks/logs.hpp"

#include <algorithm>
#include <string>

#include "checks/acknowledgements.hpp"

namespace tenon::sim {
namespace {

[[noreturn]] void violated(const char* kind, raft::NodeId node, const std::string& what) {
  throw Violation(kind, "node " + std::to_string(node.value()) + ": " + what);
}

}  // namespace

std::vector<raft::LogIndex> Logs::look(const Node& node, const raft::Log& log, const Terms& committed) {
  Seen& seen = seen_[node.id];
  check_image(node.id, log, committed, seen);
  std::size_t agreed = std::min<std::size_t>(seen.terms.size(), log.last_index().value());
  while (agreed > log.boundary().value() && log.term(raft::LogIndex(agreed)) != seen.terms[agreed - 1]) --agreed;
  if (agreed < node.commit_index.value()) {
    violated("commit", node.id, "it has dropped an entry that it knew to be committed");
  }
  if (agreed < seen.terms.size()) {
    if (node.has_led_on) {
      violated("leader-append-only", node.id, "it has dropped an entry of its own log while it led");
    }
    trace_.count("truncations");
  }
  seen.terms.resize(agreed);
  std::vector<raft::LogIndex> fresh;
  for (raft::LogIndex index(agreed + 1); index <= log.last_index(); index = index.next()) {
    const raft::Term before = seen.terms.empty() ? raft::Term() : seen.terms.back();
    if (check_entry(node.id, log, index, before)) fresh.push_back(index);
    seen.terms.push_back(*log.term(index));
  }
  return fresh;
}

// What is in an image is what was committed, and so are the entries that it stands for.
void Logs::check_image(raft::NodeId node, const raft::Log& log, const Terms& committed, Seen& seen) {
  const std::size_t boundary = log.boundary().value();
  if (boundary == seen.boundary) return;
  if (boundary < seen.boundary) violated("image", node, "its log begins earlier than before");
  if (boundary > committed.size() || log.term(log.boundary()) != committed[boundary - 1]) {
    violated("image", node, "its image ends with an entry that was not committed, " + std::to_string(boundary));
  }
  if (seen.terms.size() < boundary || seen.terms[boundary - 1] != committed[boundary - 1]) {
    seen.terms.assign(committed.begin(), committed.begin() + static_cast<std::ptrdiff_t>(boundary));
  }
  seen.boundary = boundary;
}

// One that is no longer in memory was looked at when it was new; by then it had the same one before it.
bool Logs::check_entry(raft::NodeId node, const raft::Log& log, raft::LogIndex index, raft::Term before) {
  const raft::Term term = *log.term(index);
  const raft::Entry* entry = log.cached(index);
  auto known = entries_.find({index, term});
  const bool is_fresh = known == entries_.end() && entry != nullptr;
  if (entry == nullptr) {
    if (known == entries_.end() || known->second.second == before) return false;
  } else {
    const std::pair what(content_hash(entry->data.bytes), before);
    if (is_fresh) known = entries_.emplace(std::pair(index, term), what).first;
    if (known->second == what) return is_fresh;
  }
  violated("log-matching", node,
           "its entry " + std::to_string(index.value()) + " of term " + std::to_string(term.value()) +
               " is another than elsewhere, or comes after another");
}

// One that was held up and learns late that it was elected need not have what was committed in a later term. The last
// of those that it needs stands for all: what is before it in the log is what is before it elsewhere.
void Logs::check_leader(raft::NodeId node, const raft::Log& log, raft::Term term, const Terms& committed,
                        const Terms& committed_in) {
  const auto end = std::lower_bound(committed_in.begin(), committed_in.end(), term);
  const raft::LogIndex last(static_cast<std::uint64_t>(end - committed_in.begin()));
  if (last <= log.boundary()) return;  // within an image of what is committed, or nothing
  if (log.term(last) != committed[last.value() - 1]) {
    violated("leader-completeness", node, "it leads without the committed entry " + std::to_string(last.value()));
  }
}

}  // namespace tenon::sim
