// SPDX-License-Identifier: MIT
#include "net/peer/peer_transport.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "network.hpp"

namespace tenon::net {

namespace {

Introduction introduction_of(const Host& host, const tenon_introduction& self) {
  Introduction introduction{.cluster = host.cluster_id(), .node = host.node_id()};
  std::copy(std::begin(self.incarnation), std::end(self.incarnation), introduction.incarnation.begin());
  introduction.client_addresses.assign(self.client_addresses, self.client_addresses + self.client_address_count);
  return introduction;
}

}  // namespace

PeerTransport::PeerTransport(Host host, std::string_view scheme, NetworkSettings settings)
    : Transport(host), scheme_(std::string(scheme) + "://"), settings_(std::move(settings)) {}

PeerTransport::~PeerTransport() = default;

void PeerTransport::start() {
  const Traffic traffic = Traffic::create_framed(host());
  NodeEvents& events = *this;
  protocol_ = make_protocol(traffic);
  network_ = std::make_unique<Network>(host(), settings_, traffic, *protocol_, introduction_of(host(), introduction()),
                                       events);
}

void PeerTransport::stop() {
  network_.reset();
  protocol_.reset();
}

void PeerTransport::set_peer(std::uint64_t peer, std::span<const char* const> addresses) {
  TENON_CHECK(network_ != nullptr);
  if (peer == host().node_id()) {
    throw Error(TENON_ERROR_INVALID, "node " + std::to_string(peer) + " is this node; it is not a peer of its own");
  }
  std::vector<PeerAddress> usable;
  for (const std::string_view address : addresses) {
    if (!address.starts_with(scheme_)) continue;
    std::vector<PeerAddress> parsed = parse_peer_addresses(address.substr(scheme_.size()));
    std::move(parsed.begin(), parsed.end(), std::back_inserter(usable));
  }
  if (usable.empty() && !addresses.empty()) {
    throw Error(TENON_ERROR_UNSUPPORTED,
                "node " + std::to_string(peer) + " has no address that begins with " + scheme_);
  }
  network_->set_peer(peer, std::move(usable));
}

void PeerTransport::send(std::uint64_t peer, Lane lane, OfferedFrames& frames) {
  TENON_CHECK(network_ != nullptr);
  network_->send({peer, lane}, frames);
}

void PeerTransport::on_introduced(const Introduction& peer) {
  std::vector<const char*> client_addresses;
  for (const std::string& address : peer.client_addresses) client_addresses.push_back(address.c_str());
  tenon_introduction said{};
  std::copy(peer.incarnation.begin(), peer.incarnation.end(), said.incarnation);
  said.client_addresses = client_addresses.data();
  said.client_address_count = client_addresses.size();
  introduced(peer.node, said);
}

void PeerTransport::on_frames(const LaneId& from, std::span<const tenon_bytes> frames) {
  receive(from.peer, from.lane, TENON_PROOF_NONE, frames);
}

}  // namespace tenon::net
