// SPDX-License-Identifier: MIT
// The tenon_transport_host of every transport plugin, and the node's one way to its peers over all of them.
//
// A lane to a peer is up when that of any transport is. It uses one transport at a time: of those that are up the first
// in the order in which they were started, chosen when the lane comes up and again only when the connection in use goes
// down, which the node hears as DOWN and UP. So no frame overtakes another by changing the way, and a connection that
// comes back does not disturb one that works.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/metrics.hpp"
#include "host/peer_directory.hpp"
#include "host/peer_events.hpp"
#include "node/peer_port.hpp"
#include "tenon/dial_reports.h"
#include "tenon/transport.h"

namespace tenon::host {

inline constexpr std::size_t kTransportsMax = 8;

// A transport instance; name as in the config.
struct TransportPort {
  std::string name;
  const tenon_transport* table = nullptr;
  void* self = nullptr;
};

class PeerHost final : public node::PeerPort {
 public:
  // Keeps: directory, events and metrics, for its life.
  PeerHost(PeerDirectory& directory, PeerEvents& events, Metrics& metrics);
  PeerHost(const PeerHost&) = delete;
  PeerHost& operator=(const PeerHost&) = delete;
  // Needs: stopped, or nothing was started.
  ~PeerHost() override;

  // What this node says of itself. Control thread, once, before the first start(). Needs: valid_addresses().
  void introduce_self(const raft::Incarnation& incarnation, std::vector<std::string> client_addresses);
  // Starts a transport, which may report at once. Control thread, before the node runs. Keeps: the instance, until
  // stop(). Throws tenon::Error with what the transport says. Needs: at most kTransportsMax.
  void start(const TransportPort& transport);
  // What every transport is to be offered as TENON_DIAL_REPORTS.
  const tenon_dial_reports* dial_reports() const noexcept { return &dial_reports_; }
  // Stops every transport. Control thread. Needs: nobody calls send() any more.
  void stop() noexcept;

  // node::PeerPort, node thread; before the node runs the control thread, after every start()
  std::size_t send(raft::NodeId peer, node::Lane lane, std::span<wire::OutgoingFrame> frames) override;
  // Gives the addresses to every transport; one of them has to take some.
  std::string set_peer(raft::NodeId peer, const std::vector<std::string>& addresses) override;

 private:
  struct Started {
    PeerHost* host;
    std::size_t rank;  // among those that were started
    TransportPort port;
    tenon_transport_host table;
  };
  struct LaneUse {
    std::uint32_t up = 0;               // a bit for each transport, by rank
    std::optional<std::size_t> in_use;  // the rank of one that is up; nullopt: none is
  };

  static const Started& of(const tenon_transport_host* host) noexcept {
    return *static_cast<const Started*>(host->context);
  }
  void introduced(raft::NodeId peer, const tenon_introduction& said);
  void dial_failed(raft::NodeId peer, std::string_view why);
  void forget(raft::NodeId peer);
  void on_lane(const Started& transport, raft::NodeId peer, node::Lane lane, std::uint32_t event);
  void use(raft::NodeId peer, node::Lane lane, LaneUse& lane_use);

  PeerDirectory& directory_;
  PeerEvents& events_;
  Metrics& metrics_;
  std::uint32_t introductions_refused_metric_ = 0;

  std::vector<std::string> own_addresses_;
  std::vector<const char*> own_address_pointers_;
  tenon_introduction own_introduction_{};
  tenon_dial_reports dial_reports_{};

  std::mutex mutex_;
  std::vector<std::unique_ptr<Started>> transports_;      // in the order of their start
  std::map<raft::NodeId, std::array<LaneUse, 2>> peers_;  // at most kPeersMax
};

}  // namespace tenon::host
