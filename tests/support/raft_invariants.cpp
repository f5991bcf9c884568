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

// Counts one set of voters after the other, apart from the product's own arithmetic. `members` has a bit for
// each id.
bool has_quorum(const Membership& membership, unsigned members) {
  const auto is_majority = [&](auto counts) {
    int voters = 0;
    int present = 0;
    for (std::size_t place = 0; place < membership.members.size(); ++place) {
      if (!counts(membership.members[place].standing)) continue;
      ++voters;
      present += (members >> membership.members[place].id.value()) & 1u ? 1 : 0;
    }
    return 2 * present > voters;
  };
  return is_majority([](Standing standing) { return standing == Standing::voter || standing == Standing::outgoing; }) &&
         is_majority([](Standing standing) { return standing == Standing::voter || standing == Standing::incoming; });
}

// Whether no two disjoint sets of the nodes 1 to 9 are a quorum of one each.
bool do_intersect(const Membership& one, const Membership& other) {
  constexpr unsigned kAll = (1u << 10) - 2;
  for (unsigned members = 0; members <= kAll; members += 2) {
    if (has_quorum(one, members) && has_quorum(other, kAll & ~members)) return false;
  }
  return true;
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
    check_memberships(node);
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
    // Whoever is the first to say so is its leader, and counts by the last membership of its log.
    const auto is_held = [&](NodeId voter) {
      const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const View& one) { return one.id == voter; });
      return found != nodes.end() && holds_entry(*found->disk, index, term);
    };
    expect(is_quorum(node.raft->membership(), is_held), "I20", node.id,
           "entry " + to_text(index) + " is committed, and not on the disks of a quorum of " +
               to_text(node.raft->membership()));
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

// What is in force is derived anew: the last that the log says, or that of the image that it goes on from.
void Invariants::check_memberships(const View& node) {
  const Log& log = node.raft->log();
  // A node that has just joined goes on from nothing.
  const Membership* last = log.membership_as_of(log.boundary()).membership.get();
  if (log.boundary() == node.disk->image.index) {
    expect(*last == *node.disk->image.membership, "I48", node.id, "its log does not go on from that of its image");
  }
  std::size_t undecided = 0;
  for (LogIndex index = log.boundary().next(); index <= log.last_index(); index = index.next()) {
    // What is not in the cache is durable, so the disk has no other there.
    const Entry* cached = log.cached(index);
    const Entry* entry = cached != nullptr ? cached : node.disk->find(index);
    if (entry == nullptr || entry->membership == nullptr) continue;
    // What is before an entry is always the same (I17), so once is enough.
    if (!last->members.empty() && judged_.insert({index, entry->term}).second) {
      expect(do_intersect(*last, *entry->membership), "I44", node.id, "at " + to_text(*entry));
    }
    last = entry->membership.get();
    if (index.value() > committed_.size()) ++undecided;
  }
  expect(*last == node.raft->membership(), "I48", node.id, "it is not that of its last entry");
  expect(undecided <= 1, "I43", node.id, "more than one membership of its log is undecided");
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
