// SPDX-License-Identifier: MIT
// A transport at work: its thread, its listener, and what it has of each peer.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "incoming_connection.hpp"
#include "net/io_thread.hpp"
#include "net/listener.hpp"
#include "outgoing_lane.hpp"

namespace tenon::net {

// Made and destroyed on the host's control thread; set_peer() and send() are the node thread's; everything else happens
// on its own thread, and so do the events.
class Network final : public IncomingOwner {
 public:
  // Binds the addresses and begins to work. `protocol` and `events` must outlive it. Throws Error(IO) when an address
  // cannot be bound; nothing runs then.
  Network(const Host& host, const NetworkSettings& settings, const Traffic& traffic, PeerProtocol& protocol,
          Introduction self, NodeEvents& events);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  // Closes every connection, ends every loan and the thread.
  ~Network() override;

  // Without addresses the peer is dropped. Neither blocks.
  void set_peer(std::uint64_t peer, std::vector<PeerAddress> addresses) {
    outbox_.set_peer(peer, std::move(addresses));
  }
  void send(const LaneId& lane, OfferedFrames& frames) { outbox_.send(lane, frames); }

  std::optional<Refused> on_hello(IncomingConnection& connection, const Hello& hello) override;
  void on_refused(const IncomingConnection& connection, const char* label, const std::string& why) override;
  void on_frames(const LaneId& from, std::span<const tenon_bytes> frames) override { events_.on_frames(from, frames); }
  void on_malformed_frame(const IncomingConnection& connection) override;
  void on_closed(IncomingConnection& connection) override;

 private:
  struct Peer {
    std::array<std::shared_ptr<OutgoingLane>, 2> outgoing;  // both null: a stranger, whose addresses are not known
    std::array<IncomingConnection*, 2> incoming{};          // the newest accepted one of each lane

    bool is_stranger() const noexcept { return !outgoing.front(); }
    bool is_connected() const noexcept { return incoming.front() != nullptr || incoming.back() != nullptr; }
  };

  void accept(Listener::Socket socket, Admission::Ticket ticket);
  void work();
  void change(std::uint64_t id, const Outbox::PeerChange& wanted);
  void drop(Peer& peer);
  bool has_room_for_stranger();
  void close_all();

  const Host host_;
  const NetworkSettings settings_;
  const Introduction self_;
  NodeEvents& events_;
  LimitedLogger logger_;
  PeerProtocol& protocol_;
  Admission admission_;
  std::map<std::string, Metric, std::less<>> hellos_refused_;  // by label
  const Metric connections_replaced_;
  const Metric malformed_frames_;
  IoThread thread_;
  Outbox outbox_;
  DialEnvironment dial_environment_;
  Listener listener_;
  std::map<std::uint64_t, Peer> peers_;
  std::map<const IncomingConnection*, std::shared_ptr<IncomingConnection>> incoming_;
};

}  // namespace tenon::net
