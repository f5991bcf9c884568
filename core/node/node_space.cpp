// SPDX-License-Identifier: MIT
// What a node does while room for its log runs short.
#include <algorithm>
#include <utility>

#include "node/node.hpp"

namespace tenon::node {
namespace {

constexpr std::int64_t kWayGivenTimeouts = 10;  // election timeouts until leadership is given up once more

}  // namespace

void Node::on_space(bool is_short) {
  if (is_short && !space_is_short_) {
    next_way_given_ = now_.steady;
    way_given_wait_ = settings_.raft.election_timeout_max * kWayGivenTimeouts;
    way_given_to_.clear();
  }
  space_is_short_ = is_short;
}

// Also a leadership that is won later is given up, and again when nobody took it; but ever more rarely, for the others
// may be no better off. Each time to another of those that are heard and stay voters, for one that can be heard may
// still not win; first to those that lack the least.
void Node::give_way_without_room() {
  if (!space_is_short_ || now_.steady < next_way_given_) return;
  std::vector<raft::PeerStatus> heirs = raft_.peers();
  std::erase_if(heirs, [&](const raft::PeerStatus& peer) {
    const bool is_heard = peer.has_answered && now_.steady - peer.last_contact < settings_.raft.election_timeout_max;
    return !is_heard || !raft::counts_after(raft_.membership().find(peer.id)->standing);
  });
  if (heirs.empty()) return;
  next_way_given_ = now_.steady + way_given_wait_;
  way_given_wait_ *= 2;
  const auto was_tried = [&](const raft::PeerStatus& peer) {
    return std::find(way_given_to_.begin(), way_given_to_.end(), peer.id) != way_given_to_.end();
  };
  if (std::all_of(heirs.begin(), heirs.end(), was_tried)) way_given_to_.clear();
  const auto is_worse = [&](const raft::PeerStatus& left, const raft::PeerStatus& right) {
    return std::pair(!was_tried(left), left.match_index) < std::pair(!was_tried(right), right.match_index);
  };
  way_given_to_.push_back(std::max_element(heirs.begin(), heirs.end(), is_worse)->id);
  step(raft::Transfer{way_given_to_.back()});
}

}  // namespace tenon::node
