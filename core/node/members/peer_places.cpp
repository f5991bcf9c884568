// SPDX-License-Identifier: MIT
#include "node/members/peer_places.hpp"

#include <algorithm>
#include <utility>

namespace tenon::node {

Addresses PeerPlaces::addresses_of(const raft::Membership& membership, raft::NodeId node) const {
  Addresses addresses;
  if (const raft::Member* member = membership.find(node)) addresses = member->addresses;
  const auto configured = configured_.find(node);
  if (configured == configured_.end()) return addresses;
  for (const std::string& address : configured->second) {
    if (addresses.size() == raft::kAddressesMax) break;
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

std::string PeerPlaces::use(raft::NodeId node, Addresses addresses) {
  const auto found = in_use_.find(node);
  if (addresses.empty()) {
    reached_.erase(node);
    if (found == in_use_.end()) return {};
    in_use_.erase(found);
    return port_.set_peer(node, {});
  }
  if (found != in_use_.end() && found->second == addresses) return {};
  std::string fault = port_.set_peer(node, addresses);
  if (fault.empty()) in_use_.insert_or_assign(node, std::move(addresses));
  return fault;
}

std::vector<std::string> PeerPlaces::follow(const raft::Membership& membership, raft::Instant until) {
  std::vector<std::string> faults;
  if (followed_ && *followed_ == membership) return faults;
  // Before there are members a node knows nobody but whom its config names, one of whom may take it in.
  if (membership.members.empty()) {
    for (const auto& [id, addresses] : configured_) {
      if (id != self_) faults.push_back(use(id, addresses));
    }
  }
  for (const raft::Member& member : membership.members) {
    guests_.erase(member.id);
    if (member.id == self_) continue;
    Addresses addresses = addresses_of(membership, member.id);
    if (!addresses.empty()) {
      faults.push_back(use(member.id, std::move(addresses)));
    } else if (!in_use_.contains(member.id)) {
      faults.push_back("node " + std::to_string(member.id.value()) +
                       " is a member, and no address of it is known here, neither by the membership nor by "
                       "cluster.peers: this node cannot reach it");
    }
  }
  for (const auto& [id, addresses] : std::map(in_use_)) {
    if (membership.members.empty() || membership.find(id) != nullptr || guests_.contains(id)) continue;
    if (guests_.size() < kGuestsMax) {
      guests_.emplace(id, Guest{addresses, until});
    } else {
      use(id, {});
    }
  }
  followed_ = membership;
  std::erase(faults, std::string());
  return faults;
}

void PeerPlaces::on_lane(raft::NodeId node, bool is_up) {
  if (is_up) {
    reached_.insert(node);
  } else {
    reached_.erase(node);
  }
}

std::string PeerPlaces::invite(raft::NodeId node, const Addresses& addresses, raft::Instant until) {
  const bool is_member = followed_ && followed_->find(node) != nullptr;
  if (is_member && !addresses_of(*followed_, node).empty()) return {};
  const auto found = guests_.find(node);
  if (found == guests_.end() && guests_.size() == kGuestsMax)
    return "as many nodes that are no members are dialled as may be";
  const auto configured = configured_.find(node);
  Addresses wanted = addresses;
  if (wanted.empty() && found != guests_.end()) wanted = found->second.addresses;
  if (wanted.empty() && configured != configured_.end()) wanted = configured->second;
  if (wanted.empty()) return "no address of it is known";
  // What connects to it elsewhere must not be taken for a connection to where it is looked for now.
  if (const auto used = in_use_.find(node); used != in_use_.end() && used->second != wanted) use(node, {});
  std::string fault = use(node, wanted);
  if (fault.empty() && !is_member) {
    const raft::Instant kept = found == guests_.end() ? until : std::max(until, found->second.until);
    guests_.insert_or_assign(node, Guest{std::move(wanted), kept});
  }
  return fault;
}

void PeerPlaces::expire(raft::Instant now) {
  std::erase_if(guests_, [&](const auto& guest) {
    if (now < guest.second.until) return false;
    use(guest.first, {});
    return true;
  });
}

std::optional<raft::Instant> PeerPlaces::next_expiry() const noexcept {
  std::optional<raft::Instant> next;
  for (const auto& [id, guest] : guests_) next = next ? std::min(*next, guest.until) : guest.until;
  return next;
}

std::vector<raft::NodeId> PeerPlaces::peers() const {
  std::vector<raft::NodeId> all;
  all.reserve(in_use_.size());
  for (const auto& [id, addresses] : in_use_) all.push_back(id);
  return all;
}

}  // namespace tenon::node
