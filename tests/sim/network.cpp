// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <algorithm>

namespace tenon::sim {
namespace {

// Whether the frame is a message of Raft, by the byte that docs/formats.md names.
bool is_raft_message(const std::string& frame) {
  constexpr std::size_t kind_at = 9;
  constexpr char message = 1;
  return frame.size() > kind_at && frame[kind_at] == message;
}

}  // namespace

void Network::attach(NodeId node, Endpoint* endpoint) {
  Endpoint*& attached = endpoints_[node];
  attached = endpoint;
  for (const auto& [peer, other] : endpoints_) {
    if (peer == node) continue;
    const bool notices = options_.notices_restarts || is_healed_;
    const bool is_found = finds(peer, node);
    if (is_found) renew(peer, node);
    if (finds(node, peer)) renew(node, peer);
    for (const Lane lane : {Lane::control, Lane::bulk}) {
      if (is_found && endpoint == nullptr && notices) tell(peer, node, lane, LaneEvent::down);
      if (is_found && endpoint != nullptr && notices) tell(peer, node, lane, LaneEvent::up);
      if (finds(node, peer) && endpoint != nullptr && other != nullptr) tell(node, peer, lane, LaneEvent::up);
    }
  }
  if (endpoint == nullptr) std::erase_if(wanted_, [&](const auto& one) { return one.first.first == node; });
}

bool Network::finds(NodeId node, NodeId peer) const {
  if (options_.spares == 0) return true;
  const auto wanted = wanted_.find({node, peer});
  return wanted != wanted_.end() && wanted->second;
}

void Network::renew(NodeId from, NodeId to) {
  for (const Lane lane : {Lane::control, Lane::bulk}) {
    Connection& connection = connections_[{from, to, lane}];
    ++connection.epoch;
    connection.bytes = 0;
    connection.full = false;
    connection.last_arrival = Instant();
    connection.sent_until = Instant();
  }
}

void Network::set_peer(NodeId node, NodeId peer, const std::vector<std::string>& addresses) {
  if (options_.spares == 0) return;
  const bool was_found = finds(node, peer);
  if (addresses.empty()) {
    wanted_.erase({node, peer});
  } else {
    wanted_[{node, peer}] = std::find(addresses.begin(), addresses.end(), address_of(peer)) != addresses.end();
    dial(node, peer);
  }
  if (was_found == finds(node, peer) || endpoints_[node] == nullptr) return;
  renew(node, peer);
  for (const Lane lane : {Lane::control, Lane::bulk}) {
    tell(node, peer, lane, was_found ? LaneEvent::down : LaneEvent::up);
  }
}

// Whoever is not there is not found, and that is said; the network goes on looking.
void Network::dial(NodeId node, NodeId peer) {
  events_.after(random_.wait(milliseconds(5)), [this, node, peer] {
    Endpoint* const endpoint = endpoints_[node];
    const auto wanted = wanted_.find({node, peer});
    if (endpoint == nullptr || wanted == wanted_.end() || (wanted->second && endpoints_[peer] != nullptr)) return;
    endpoint->on_dial_failed(peer);
  });
}

void Network::tell(NodeId node, NodeId peer, Lane lane, LaneEvent event) {
  Instant& last_told = connections_[{node, peer, lane}].last_told;
  last_told = std::max(last_told, events_.now() + random_.wait(milliseconds(2)));
  events_.at(last_told, [this, node, peer, lane, event] {
    if (event != LaneEvent::down && !finds(node, peer)) return;
    if (Endpoint* endpoint = endpoints_[node]) endpoint->on_lane(peer, lane, event);
  });
}

std::size_t Network::room(NodeId from, NodeId to, Lane lane, std::span<const wire::OutgoingFrame> frames) {
  if (endpoints_[to] == nullptr || !finds(from, to)) return 0;
  std::uint64_t bytes = connections_[{from, to, lane}].bytes;
  std::size_t count = 0;
  for (const wire::OutgoingFrame& frame : frames) {
    if (bytes > 0 && bytes + frame.bytes > options_.lane_bytes_max) break;
    bytes += frame.bytes;
    ++count;
  }
  return count;
}

std::size_t Network::send(NodeId from, NodeId to, Lane lane, std::span<wire::OutgoingFrame> frames) {
  const Place place{from, to, lane};
  if (endpoints_[to] == nullptr || !finds(from, to)) return 0;
  Connection& connection = connections_[place];
  const std::size_t taken = room(from, to, lane, frames);
  if (taken < frames.size()) connection.full = true;
  for (wire::OutgoingFrame& frame : frames.first(taken)) {
    connection.bytes += frame.bytes;
    std::string whole = std::move(frame.head);
    for (const raft::Payload& part : frame.data) whole += part.bytes;
    carry(place, std::make_shared<const std::string>(std::move(whole)));
  }
  return taken;
}

void Network::carry(const Place& place, std::shared_ptr<const std::string> frame) {
  const auto& [from, to, lane] = place;
  Connection& connection = connections_[place];
  const bool is_lost = !is_healed_ && random_.chance(options_.loss_per_million);
  const bool may_stray = !is_healed_ && is_raft_message(*frame);
  Instant at = arrival({from, to}, connection, frame->size());
  if (may_stray && options_.reorders) {
    if (at < connection.last_arrival) trace_.count("frames out of order");
  } else {
    at = std::max(at, connection.last_arrival);
  }
  connection.last_arrival = std::max(at, connection.last_arrival);
  const std::uint64_t bytes = frame->size();
  const std::uint64_t epoch = connection.epoch;
  events_.at(at, [this, place, epoch, bytes] { take_off(place, epoch, bytes); });
  const auto silent = silent_until_.find(from);
  const bool is_cut_off =
      cut_.contains({from, to}) || (silent != silent_until_.end() && events_.now() < silent->second);
  if (is_lost || is_cut_off) {
    trace_.count(is_lost ? "frames lost" : "frames cut off");
    return;
  }
  if (!is_healed_ && random_.chance(options_.corrupt_per_million)) frame = corrupted(*frame);
  if (may_stray && random_.chance(options_.duplicate_per_million)) {
    trace_.count("frames repeated");
    arrive(place, epoch, at + random_.wait(options_.delay_mean * 3), frame);
  }
  // As late as that it may speak of a leadership that is over.
  if (may_stray && is_repeated_late({from, to})) {
    trace_.count("frames repeated late");
    arrive(place, epoch, at + late_.wait(options_.node.raft.election_timeout_max * 2), frame);
  }
  arrive(place, epoch, at, std::move(frame));
}

Instant Network::arrival(const Link& link, Connection& connection, std::uint64_t bytes) {
  Instant leaves = events_.now();
  if (options_.link_bytes_per_second > 0 && !is_healed_) {
    if (connection.sent_until > leaves) trace_.count("frames that wait for capacity");
    leaves = std::max(leaves, connection.sent_until);
    leaves += microseconds(bytes * 1'000'000 / options_.link_bytes_per_second);
    connection.sent_until = leaves;
  }
  const Instant at = leaves + options_.delay_min + random_.wait(options_.delay_mean) * slowness(link);
  const auto clogged = clogged_until_.find(link);
  return clogged == clogged_until_.end() ? at : std::max(at, clogged->second);
}

std::int64_t Network::slowness(const Link& link) {
  if (!options_.links_differ || is_healed_) return 1;
  const auto found = slowness_.find(link);
  if (found != slowness_.end()) return found->second;
  Stream draw(options_.seed, "link", link.first.value() * 100 + link.second.value());
  trace_.count("links of different speed");
  return slowness_[link] = static_cast<std::int64_t>(draw.log_between(1, 8));
}

void Network::clog(NodeId from, NodeId to, Duration time) {
  Instant& until = clogged_until_[{from, to}];
  until = std::max(until, events_.now() + time);
}

bool Network::is_repeated_late(const Link& link) {
  if (options_.late_repeat_per_million == 0) return false;
  const auto echoes = echoes_until_.find(link);
  return late_.chance(options_.late_repeat_per_million) ||
         (echoes != echoes_until_.end() && events_.now() < echoes->second);
}

void Network::echo(NodeId from, NodeId to, Duration time) { echoes_until_[{from, to}] = events_.now() + time; }

void Network::silence(NodeId from, Duration time) {
  Instant& until = silent_until_[from];
  until = std::max(until, events_.now() + time);
}

std::shared_ptr<const std::string> Network::corrupted(const std::string& frame) {
  trace_.count("frames corrupted");
  std::string other = frame;
  for (std::uint64_t flips = random_.between(1, 3); flips > 0; --flips) {
    char& byte = random_.pick(other);
    byte = static_cast<char>(byte ^ static_cast<char>(1u << random_.between(0, 7)));
  }
  return std::make_shared<const std::string>(std::move(other));
}

void Network::arrive(const Place& place, std::uint64_t epoch, Instant at, std::shared_ptr<const std::string> frame) {
  events_.at(at, [this, place, epoch, frame = std::move(frame)] {
    const auto& [from, to, lane] = place;
    if (connections_[place].epoch != epoch || cut_.contains({from, to})) return;
    trace_.note("receives", to.value(), from.value(), frame->size());
    trace_.count("frames delivered");
    endpoints_[to]->on_frame(from, frame);
  });
}

void Network::take_off(const Place& place, std::uint64_t epoch, std::uint64_t bytes) {
  Connection& connection = connections_[place];
  if (connection.epoch != epoch) return;
  connection.bytes -= bytes;
  if (!std::exchange(connection.full, false)) return;
  const auto& [from, to, lane] = place;
  tell(from, to, lane, LaneEvent::writable);
}

// What had waited for capacity so long goes with its connection.
void Network::heal_for_good() {
  heal_cuts();
  clogged_until_.clear();
  silent_until_.clear();
  is_healed_ = true;
  std::vector<Link> slow;
  for (const auto& [place, connection] : connections_) {
    const auto& [from, to, lane] = place;
    if (connection.last_arrival > events_.now() + options_.node.raft.election_timeout_min) slow.emplace_back(from, to);
  }
  for (const auto& [from, to] : slow) break_connection(from, to);
}

void Network::break_connection(NodeId from, NodeId to) {
  if (!finds(from, to) || endpoints_[from] == nullptr) return;
  renew(from, to);
  for (const Lane lane : {Lane::control, Lane::bulk}) {
    tell(from, to, lane, LaneEvent::down);
    if (endpoints_[to] != nullptr) tell(from, to, lane, LaneEvent::up);
  }
}

}  // namespace tenon::sim
