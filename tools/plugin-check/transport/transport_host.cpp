// SPDX-License-Identifier: MIT
#include "transport/transport_host.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {

TransportHost::TransportHost(Said self, Receiver receiver)
    : self_said_(std::move(self)), receiver_(std::move(receiver)) {
  for (const std::string& address : self_said_.client_addresses) client_addresses_.push_back(address.c_str());
  std::copy(self_said_.incarnation.begin(), self_said_.incarnation.end(), self_.incarnation);
  self_.client_addresses = client_addresses_.data();
  self_.client_address_count = client_addresses_.size();
  table_.struct_size = sizeof table_;
  table_.context = this;
  table_.self = &self_;
  table_.introduced = introduced;
  table_.receive = receive;
  table_.lane_event = lane_event;
}

bool TransportHost::is_up(std::uint64_t peer, Lane lane) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  return found != peers_.end() && found->second.lanes[static_cast<std::size_t>(lane)].up;
}

std::uint64_t TransportHost::count(std::uint64_t peer, Lane lane, std::uint32_t event) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.lanes[static_cast<std::size_t>(lane)].counts[event];
}

std::optional<Said> TransportHost::introduction(std::uint64_t peer) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  return found == peers_.end() ? std::nullopt : found->second.said;
}

void TransportHost::introduced(const tenon_transport_host* table, std::uint64_t peer, const tenon_introduction* said) {
  TransportHost& host = of(table);
  Said copy;
  std::copy(std::begin(said->incarnation), std::end(said->incarnation), copy.incarnation.begin());
  for (std::uint64_t i = 0; i < said->client_address_count; ++i) {
    copy.client_addresses.emplace_back(said->client_addresses[i]);
  }
  const std::lock_guard lock(host.mutex_);
  host.peers_[peer].said = std::move(copy);
}

void TransportHost::receive(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane, std::uint32_t,
                            const tenon_bytes* frames, std::uint64_t count) {
  TransportHost& host = of(table);
  for (std::uint64_t i = 0; i < count; ++i) host.receiver_(peer, static_cast<Lane>(lane), view(frames[i]));
}

void TransportHost::lane_event(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane,
                               std::uint32_t event) {
  TransportHost& host = of(table);
  const std::lock_guard lock(host.mutex_);
  LaneUse& use = host.peers_[peer].lanes[lane];
  ++use.counts[event];
  use.up = event != TENON_EVENT_DOWN;
}

}  // namespace tenon::plugin_check
