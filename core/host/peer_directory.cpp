// SPDX-License-Identifier: MIT
#include "host/peer_directory.hpp"

#include <algorithm>
#include <utility>

#include "tenon/check.hpp"

namespace tenon::host {
namespace {

constexpr std::string_view kAfterScheme = "://";

bool is_valid_address(std::string_view address) noexcept {
  const std::size_t scheme_end = address.find(kAfterScheme);
  return address.size() <= kAddressBytesMax && scheme_end != std::string_view::npos && scheme_end > 0 &&
         scheme_end + kAfterScheme.size() < address.size() &&
         std::all_of(address.begin(), address.end(),
                     [](char letter) { return letter > ' ' && letter <= '~' && letter != '|'; });
}

}  // namespace

bool valid_addresses(const std::vector<std::string>& addresses) noexcept {
  return addresses.size() <= kAddressesMax && std::all_of(addresses.begin(), addresses.end(), is_valid_address);
}

PeerDirectory::PeerDirectory(raft::NodeId self) : self_(self) { nodes_[self].id = self; }

bool PeerDirectory::knows(raft::NodeId node) const {
  const std::lock_guard lock(mutex_);
  return nodes_.contains(node);
}

void PeerDirectory::set_addresses(raft::NodeId node, std::vector<std::string> addresses) {
  TENON_CHECK(node != raft::NodeId() && valid_addresses(addresses));
  const std::lock_guard lock(mutex_);
  KnownNode& known = nodes_[node];
  TENON_CHECK(nodes_.size() <= kPeersMax + 1);
  known.id = node;
  known.addresses = std::move(addresses);
}

bool PeerDirectory::introduce(raft::NodeId node, const raft::Incarnation& incarnation,
                              std::vector<std::string> client_addresses) {
  if (!valid_addresses(client_addresses)) return false;
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return false;
  found->second.incarnation = incarnation;
  found->second.client_addresses = std::move(client_addresses);
  return true;
}

void PeerDirectory::forget(raft::NodeId node) {
  TENON_CHECK(node != self_);
  const std::lock_guard lock(mutex_);
  nodes_.erase(node);
}

void PeerDirectory::set_lane(raft::NodeId peer, node::Lane lane, std::string transport) {
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(peer);
  TENON_CHECK(found != nodes_.end());
  found->second.lanes[static_cast<std::size_t>(lane)] = std::move(transport);
}

std::string PeerDirectory::client_address(raft::NodeId node, std::string_view client_api) const {
  const std::lock_guard lock(mutex_);
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return {};
  for (const std::string_view address : found->second.client_addresses) {
    const std::size_t scheme_end = address.find(kAfterScheme);
    if (address.substr(0, scheme_end) != client_api) continue;
    return std::string(address.substr(scheme_end + kAfterScheme.size()));
  }
  return {};
}

std::vector<KnownNode> PeerDirectory::nodes() const {
  const std::lock_guard lock(mutex_);
  std::vector<KnownNode> all;
  all.reserve(nodes_.size());
  for (const auto& [id, known] : nodes_) all.push_back(known);
  return all;
}

}  // namespace tenon::host
