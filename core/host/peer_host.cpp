// SPDX-License-Identifier: MIT
#include "host/peer_host.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "tenon/bytes.hpp"
#include "tenon/check.hpp"
#include "tenon/host.hpp"

namespace tenon::host {
namespace {

// What a transport keeps of a frame: entries stay where they are, shared with the log.
struct LentFrame {
  explicit LentFrame(wire::OutgoingFrame given) : frame(std::move(given)) {
    parts.reserve(1 + frame.data.size());
    parts.push_back(bytes(frame.head));
    for (const raft::Payload& payload : frame.data) parts.push_back(bytes(payload.bytes));
  }
  LentFrame(const LentFrame&) = delete;
  LentFrame& operator=(const LentFrame&) = delete;

  wire::OutgoingFrame frame;
  std::vector<tenon_bytes> parts;
};

std::optional<node::Lane> lane_of(std::uint32_t lane) noexcept {
  if (lane == TENON_LANE_CONTROL) return node::Lane::control;
  if (lane == TENON_LANE_BULK) return node::Lane::bulk;
  return std::nullopt;
}

std::uint32_t number_of(node::Lane lane) noexcept {
  return lane == node::Lane::control ? TENON_LANE_CONTROL : TENON_LANE_BULK;
}

std::string listed(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

}  // namespace

PeerHost::PeerHost(PeerDirectory& directory, PeerEvents& events, Metrics& metrics)
    : directory_(directory), events_(events), metrics_(metrics) {
  introductions_refused_metric_ =
      metrics.create(MetricKind::counter, "tenon_introductions_refused_total", "",
                     "What peers have said of themselves that was not kept: too much, or malformed.");
  dial_reports_.struct_size = sizeof dial_reports_;
  dial_reports_.context = this;
  dial_reports_.failed = [](const tenon_dial_reports* reports, std::uint64_t peer, tenon_bytes why) {
    static_cast<PeerHost*>(reports->context)->dial_failed(raft::NodeId(peer), view(why));
  };
}

PeerHost::~PeerHost() { TENON_CHECK(transports_.empty()); }

void PeerHost::introduce_self(const raft::Incarnation& incarnation, std::vector<std::string> client_addresses) {
  TENON_CHECK(transports_.empty() && own_addresses_.empty());
  TENON_CHECK(directory_.introduce(directory_.self(), incarnation, client_addresses));
  own_addresses_ = std::move(client_addresses);
  for (const std::string& address : own_addresses_) own_address_pointers_.push_back(address.c_str());
  std::copy(incarnation.begin(), incarnation.end(), own_introduction_.incarnation);
  own_introduction_.client_addresses = own_address_pointers_.data();
  own_introduction_.client_address_count = own_address_pointers_.size();
}

void PeerHost::start(const TransportPort& transport) {
  auto made = std::make_unique<Started>(Started{this, transports_.size(), transport, {}});
  TENON_CHECK(made->rank < kTransportsMax);
  tenon_transport_host& table = made->table;
  table.struct_size = sizeof table;
  table.context = made.get();
  table.self = &own_introduction_;
  table.introduced = [](const tenon_transport_host* host, std::uint64_t peer, const tenon_introduction* said) {
    of(host).host->introduced(raft::NodeId(peer), *said);
  };
  table.receive = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t, std::uint32_t,
                     const tenon_bytes* frames, std::uint64_t count) {
    // Also of nodes that are no peers, for those may want to be: what they say is for the node to judge.
    of(host).host->events_.receive(raft::NodeId(peer), {frames, static_cast<std::size_t>(count)});
  };
  table.lane_event = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t lane, std::uint32_t event) {
    const std::optional<node::Lane> known = lane_of(lane);
    if (known) of(host).host->on_lane(of(host), raft::NodeId(peer), *known, event);
  };
  const Started& started = *made;
  {
    const std::lock_guard lock(mutex_);
    transports_.push_back(std::move(made));
  }
  tenon_detail why{sizeof why, {}};
  const tenon_error error = transport.table->start(transport.self, &started.table, &why);
  if (error == TENON_OK) return;
  const std::lock_guard lock(mutex_);
  transports_.pop_back();
  throw Error(error, "the transport " + transport.name + " could not start: " + why.message);
}

std::string PeerHost::set_peer(raft::NodeId peer, const std::vector<std::string>& addresses) {
  const std::string whose = "the addresses of node " + std::to_string(peer.value()) + ", " + listed(addresses);
  if (peer == raft::NodeId() || peer == directory_.self()) return whose + ", are of this node, which is no peer";
  if (!valid_addresses(addresses)) {
    return whose + ", are not of the form SCHEME://HOST:PORT, or are more than " + std::to_string(kAddressesMax);
  }
  if (!addresses.empty()) {
    const std::lock_guard lock(mutex_);
    if (!peers_.contains(peer) && peers_.size() == kPeersMax) {
      return whose + ", are not taken, for there are " + std::to_string(kPeersMax) + " peers already";
    }
    directory_.set_addresses(peer, addresses);
    peers_[peer];
  }
  std::vector<const char*> pointers;
  pointers.reserve(addresses.size());
  for (const std::string& address : addresses) pointers.push_back(address.c_str());
  std::vector<std::string> names;
  bool is_taken = false;
  std::string fault;
  for (const auto& transport : transports_) {
    const TransportPort& port = transport->port;
    names.push_back(port.name);
    const tenon_error error = port.table->set_peer(port.self, peer.value(), pointers.data(), pointers.size());
    if (error == TENON_OK) {
      is_taken = true;
    } else if (error != TENON_ERROR_UNSUPPORTED) {
      fault = "the transport " + port.name + " does not take " + whose + ": error " + std::to_string(error) +
              ", see its lines in the logger";
    }
  }
  if (addresses.empty()) {
    forget(peer);
  } else if (!is_taken && fault.empty()) {
    fault = "no transport takes " + whose + "; the transports are " + listed(names) +
            ": give an address with the scheme of one of them";
  }
  return fault;
}

// What transports still say of it is not of the peer that it may become again.
void PeerHost::forget(raft::NodeId peer) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  for (const node::Lane lane : {node::Lane::control, node::Lane::bulk}) {
    if (found->second[static_cast<std::size_t>(lane)].in_use) events_.on_lane(peer, lane, node::LaneEvent::down);
  }
  peers_.erase(found);
  directory_.forget(peer);
}

void PeerHost::stop() noexcept {
  // Without the lock: transports may report until they have stopped.
  for (const auto& transport : transports_) transport->port.table->stop(transport->port.self);
  const std::lock_guard lock(mutex_);
  transports_.clear();
}

std::size_t PeerHost::send(raft::NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) {
  TransportPort port;
  {
    const std::lock_guard lock(mutex_);
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return 0;
    const LaneUse& lane_use = found->second[static_cast<std::size_t>(lane)];
    if (!lane_use.in_use) return 0;
    port = transports_[*lane_use.in_use]->port;
  }
  std::vector<std::unique_ptr<LentFrame>> lent;
  std::vector<tenon_frame> offered;
  lent.reserve(frames.size());
  offered.reserve(frames.size());
  for (wire::OutgoingFrame& frame : frames) {
    LentFrame& made = *lent.emplace_back(std::make_unique<LentFrame>(std::move(frame)));
    offered.push_back(
        {made.parts.data(), made.parts.size(), {[](void* owner) { delete static_cast<LentFrame*>(owner); }, &made}});
  }
  const std::uint64_t taken =
      port.table->send(port.self, peer.value(), number_of(lane), offered.data(), offered.size());
  TENON_CHECK(taken <= offered.size());
  for (std::size_t i = 0; i < lent.size(); ++i) {
    if (i < taken) {
      static_cast<void>(lent[i].release());  // the transport's, until it releases the loan
    } else {
      frames[i] = std::move(lent[i]->frame);
    }
  }
  return static_cast<std::size_t>(taken);
}

void PeerHost::introduced(raft::NodeId peer, const tenon_introduction& said) {
  raft::Incarnation incarnation{};
  std::copy_n(said.incarnation, incarnation.size(), incarnation.begin());
  std::vector<std::string> addresses;
  bool fits = said.client_address_count <= kAddressesMax && peer != directory_.self();
  for (std::uint64_t i = 0; fits && i < said.client_address_count; ++i) {
    const char* const address = said.client_addresses[i];
    const std::size_t size = ::strnlen(address, kAddressBytesMax + 1);
    fits = size <= kAddressBytesMax;
    if (fits) addresses.emplace_back(address, size);
  }
  if (!fits || !valid_addresses(addresses)) return metrics_.record(introductions_refused_metric_, 1);
  // Of a node that is no peer nothing is kept here.
  directory_.introduce(peer, incarnation, std::move(addresses));
}

void PeerHost::dial_failed(raft::NodeId peer, std::string_view why) {
  constexpr std::size_t kWhyBytesMax = 512;
  events_.on_dial_failed(peer, std::string(why.substr(0, kWhyBytesMax)));
}

void PeerHost::on_lane(const Started& transport, raft::NodeId peer, node::Lane lane, std::uint32_t event) {
  // Held while it is posted, so that what transports report at the same time reaches the node in this order.
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  LaneUse& lane_use = found->second[static_cast<std::size_t>(lane)];
  const std::uint32_t bit = 1u << transport.rank;
  if (event == TENON_EVENT_UP) {
    lane_use.up |= bit;
    if (!lane_use.in_use) use(peer, lane, lane_use);
  } else if (event == TENON_EVENT_DOWN) {
    lane_use.up &= ~bit;
    if (lane_use.in_use != transport.rank) return;
    lane_use.in_use.reset();
    directory_.set_lane(peer, lane, {});
    events_.on_lane(peer, lane, node::LaneEvent::down);
    if (lane_use.up != 0) use(peer, lane, lane_use);
  } else if (event == TENON_EVENT_WRITABLE && lane_use.in_use == transport.rank) {
    events_.on_lane(peer, lane, node::LaneEvent::writable);
  }
}

// Needs: the mutex; one is up.
void PeerHost::use(raft::NodeId peer, node::Lane lane, LaneUse& lane_use) {
  lane_use.in_use = static_cast<std::size_t>(std::countr_zero(lane_use.up));
  directory_.set_lane(peer, lane, transports_[*lane_use.in_use]->port.name);
  events_.on_lane(peer, lane, node::LaneEvent::up);
}

}  // namespace tenon::host
