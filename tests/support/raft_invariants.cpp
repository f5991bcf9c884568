// SPDX-License-Identifier: MIT
#include "support/raft_invariants.hpp"

#include <algorithm>
#include <stdexcept>

#include "raft/quorum.hpp"
#include "support/raft_text.hpp"

namespace tenon::support {

using namespace raft;

namespace {

void expect(bool holds, const char* invariant, NodeId node, const std::string& what) {
  if (!holds) throw std::logic_error(std::string(invariant) + " is broken at node " + to_text(node) + ": " + what);
}

// By its log or by its image, which is of committed entries only.
bool holds_entry(const Disk& disk, LogIndex index, Term term) {
  const Entry* entry = disk.find(index);
  return entry != nullptr ? entry->term == term : index <= disk.image.index;
}

}  // namespace

void Invariants::check(const std::vector<View>& nodes) {
  for (const View& node : nodes) {
    if (node.raft == nullptr) continue;
    Seen& seen = seen_[node.id];
    expect(node.raft->term() >= seen.term, "I1", node.id, "its term fell");
    expect(node.raft->term() >= node.disk->hard_state.term, "I1", node.id, "its term is below that on its disk");
    expect(node.raft->commit_index() >= seen.commit, "I6", node.id, "its commit index fell");
    const LogIndex boundary = node.raft->log().boundary();
    expect(boundary >= seen.boundary, "I5", node.id, "its log begins earlier than before");
    expect(boundary <= node.raft->commit_index(), "I5", node.id, "its log begins behind what is committed");
    check_log(node);
    check_leader(node);
    check_commit(node, nodes);
    check_image(node);
    seen = {node.raft->term(), node.raft->commit_index(), boundary};
  }
}

void Invariants::check_log(const View& node) {
  const Log& log = node.raft->log();
  for (LogIndex index = log.boundary().next(); index <= log.last_index(); index = index.next()) {
    const Entry* entry = log.cached(index);
    if (entry == nullptr) continue;
    const std::pair<std::string, Term> said(entry->data.bytes, log.term(index.previous()).value());
    const auto [known, is_new] = entries_.try_emplace({index, entry->term}, said);
    expect(is_new || known->second == said, "I17", node.id, "entry " + to_text(*entry) + " is not that of another log");
  }
}

void Invariants::check_leader(const View& node) {
  if (node.raft->role() != RoleName::leader) return;
  const auto [leader, is_new] = leaders_.try_emplace(node.raft->term(), node.id);
  expect(leader->second == node.id, "I16", node.id, "it leads term " + to_text(node.raft->term()) + " as another did");
  if (!is_new) return;
  const Log& log = node.raft->log();
  for (LogIndex index = std::max(log.boundary(), LogIndex(1)); index.value() <= committed_.size();
       index = index.next()) {
    expect(log.term(index) == committed_[index.value() - 1], "I18", node.id,
           "it leads without the committed entry " + to_text(index));
  }
}

void Invariants::check_commit(const View& node, const std::vector<View>& nodes) {
  const LogIndex boundary = node.raft->log().boundary();
  expect(boundary.value() <= committed_.size(), "I27", node.id, "its log begins behind what any node has committed");
  for (LogIndex index = std::max(boundary, LogIndex(1)); index <= node.raft->commit_index(); index = index.next()) {
    const Term term = node.raft->log().term(index).value();
    if (index.value() <= committed_.size()) {
      expect(committed_[index.value() - 1] == term, "I19", node.id,
             "entry " + to_text(index) + " is decided otherwise");
      continue;
    }
    const auto holding =
        std::count_if(nodes.begin(), nodes.end(), [&](const View& one) { return holds_entry(*one.disk, index, term); });
    expect(static_cast<std::size_t>(holding) >= majority(nodes.size()), "I20", node.id,
           "entry " + to_text(index) + " is committed and on " + std::to_string(holding) + " disks");
    committed_.push_back(term);
  }
}

void Invariants::check_image(const View& node) {
  const Image& image = node.disk->image;
  if (image.index == LogIndex()) return;
  expect(image.index.value() <= committed_.size() && committed_[image.index.value() - 1] == image.term, "I27", node.id,
         "its image ends at " + to_text(image.index) + ", which is not decided so");
  expect(node.raft->log().boundary() <= image.index, "I27", node.id, "its log begins behind its image");
}

void Invariants::check_sent(NodeId from, const Disk& disk, const Send& send) {
  if (const auto* request = std::get_if<VoteRequest>(&send.message); request && request->ballot == Ballot::vote) {
    expect(disk.hard_state == HardState{request->term, from}, "I3", from,
           "it asks for votes before its own is durable");
  }
  if (const auto* reply = std::get_if<VoteReply>(&send.message);
      reply && reply->ballot == Ballot::vote && reply->granted) {
    expect(disk.hard_state == HardState{reply->term, send.to}, "I3", from, "it grants a vote that is not durable");
  }
  if (const auto* accepted = std::get_if<AppendAccepted>(&send.message)) {
    expect(disk.hard_state.term >= accepted->term, "I20", from, "it acknowledges in a term that is not durable");
    expect(disk.last() >= accepted->match_index, "I20", from,
           "it acknowledges entry " + to_text(accepted->match_index) + " before it is durable");
    expect(accepted->match_index < disk.image.index || disk.log_joins_image(), "I27", from,
           "it acknowledges entry " + to_text(accepted->match_index) + " before its log goes on from its image");
  }
}

}  // namespace tenon::support
