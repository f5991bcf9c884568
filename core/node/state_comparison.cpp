// SPDX-License-Identifier: MIT
#include "node/state_comparison.hpp"

#include <algorithm>
#include <utility>

#include "raft/quorum.hpp"
#include "tenon/check.hpp"

namespace tenon::node {
namespace {

std::string text_of(raft::LogIndex index, const std::map<std::uint64_t, std::vector<raft::NodeId>>& sides) {
  std::string text = "nodes that have applied index " + std::to_string(index.value()) + " hold different states:";
  const char* separator = " ";
  for (const auto& [hash, voters] : sides) {
    constexpr char digits[] = "0123456789abcdef";
    text += std::exchange(separator, "; ");
    for (int shift = 60; shift >= 0; shift -= 4) text.push_back(digits[(hash >> shift) & 15]);
    const char* before = " on node ";
    for (const raft::NodeId voter : voters) text += std::exchange(before, ", ") + std::to_string(voter.value());
  }
  return text;
}

}  // namespace

void StateComparison::applied(raft::LogIndex index, std::uint64_t hash) {
  TENON_CHECK(is_kept(index));
  TENON_CHECK(own_.empty() || own_.back().index < index);
  has_news_ = true;
  own_.push_back({index, hash});
  if (own_.size() > wire::kReportedStatesMax) own_.pop_front();
}

void StateComparison::reported(raft::NodeId voter, std::vector<wire::StateMark> states) {
  has_news_ = true;
  peers_[voter].states = std::move(states);
}

StateComparison::Sides StateComparison::sides_at(const wire::StateMark& own, const raft::Membership& membership,
                                                 raft::NodeId self, Outcome& outcome) {
  Sides sides;
  for (const raft::NodeId voter : membership.voters()) {
    if (voter == self) {
      sides.voters[own.hash].push_back(self);
      continue;
    }
    const auto peer = peers_.find(voter);
    if (peer == peers_.end()) continue;
    const std::vector<wire::StateMark>& states = peer->second.states;
    const auto found = std::find_if(states.begin(), states.end(),
                                    [&](const wire::StateMark& state) { return state.index == own.index; });
    if (found == states.end()) continue;
    sides.voters[found->hash].push_back(voter);
    if (own.index <= peer->second.compared_to) continue;
    peer->second.compared_to = own.index;
    ++outcome.compared;
    if (found->hash != own.hash) sides.is_new = true;
  }
  return sides;
}

StateComparison::Outcome StateComparison::compare(const raft::Membership& membership, raft::NodeId self) {
  TENON_CHECK(membership.has_voter(self));
  if (!std::exchange(has_news_, false)) return {};
  const std::size_t majority = raft::majority(membership.voters().size());
  Outcome outcome;
  for (const wire::StateMark& own : own_) {
    const Sides sides = sides_at(own, membership, self, outcome);
    const bool is_odd = std::any_of(sides.voters.begin(), sides.voters.end(), [&](const auto& side) {
      return side.first != own.hash && side.second.size() >= majority;
    });
    if (is_odd || sides.is_new) outcome.difference = text_of(own.index, sides.voters);
    if (!is_odd) continue;
    outcome.is_odd = true;
    return outcome;
  }
  return outcome;
}

}  // namespace tenon::node
