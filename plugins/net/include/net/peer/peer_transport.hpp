// SPDX-License-Identifier: MIT
// A transport plugin, but for its protocol.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/peer/introduction.hpp"
#include "net/peer/protocol.hpp"
#include "net/peer/settings.hpp"
#include "net/traffic.hpp"

namespace tenon::net {

class Network;

// What it proves of a sender is nothing: the peer id is a claim.
class PeerTransport : public Transport, private NodeEvents {
 public:
  ~PeerTransport() override;

  void start() override;
  void stop() override;
  // Takes the addresses that begin with the scheme. Throws Error: UNSUPPORTED as transport.h says; INVALID: an address
  // of this scheme that is not of its form, or the peer is this node.
  void set_peer(std::uint64_t peer, std::span<const char* const> addresses) override;
  void send(std::uint64_t peer, Lane lane, OfferedFrames& frames) override;

 protected:
  // `scheme` is the name of the plugin, and begins its addresses as SCHEME://.
  PeerTransport(Host host, std::string_view scheme, NetworkSettings settings);

  const NetworkSettings& settings() const noexcept { return settings_; }

 private:
  // For start(); the traffic is counted where this says. It lives until stop().
  virtual std::unique_ptr<PeerProtocol> make_protocol(const Traffic& traffic) const = 0;
  // What stands behind SCHEME://. Throws Error(INVALID).
  virtual std::vector<PeerAddress> parse_peer_addresses(std::string_view text) const = 0;

  void on_introduced(const Introduction& peer) override;
  void on_frames(const LaneId& from, std::span<const tenon_bytes> frames) override;
  void on_up(const LaneId& lane) override { up(lane.peer, lane.lane); }
  void on_down(const LaneId& lane) override { down(lane.peer, lane.lane); }
  void on_writable(const LaneId& lane) override { writable(lane.peer, lane.lane); }

  const std::string scheme_;
  const NetworkSettings settings_;
  std::unique_ptr<PeerProtocol> protocol_;  // as the network, which it outlives
  std::unique_ptr<Network> network_;        // from start() to stop()
};

}  // namespace tenon::net
