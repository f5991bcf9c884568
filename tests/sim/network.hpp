// SPDX-License-Identifier: MIT
// The network between simulated nodes: for each directed link and lane a connection that delays, loses, corrupts, and
// where Raft alone must bear it repeats and reorders. But for corruption, which the checksum of a frame is there for,
// it keeps what transport.h promises: what is passed on for clients arrives at most once and in order, and after a
// connection went down nothing of it arrives.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>

#include "node/peer_port.hpp"
#include "options.hpp"
#include "trace.hpp"

namespace tenon::sim {

using node::Lane;
using node::LaneEvent;
using raft::NodeId;

class Network {
 public:
  // Those that are connected: called by events, never from inside send().
  class Endpoint {
   public:
    virtual ~Endpoint() = default;
    virtual void on_frame(NodeId from, const std::shared_ptr<const std::string>& frame) = 0;
    virtual void on_lane(NodeId peer, Lane lane, LaneEvent event) = 0;
    // Nobody was found where a peer was said to be.
    virtual void on_dial_failed(NodeId peer) = 0;
  };

  Network(const Options& options, EventQueue& events, Trace& trace)
      : options_(options),
        events_(events),
        trace_(trace),
        random_(options.seed, "network"),
        late_(options.seed, "frames repeated late") {}

  // Where a node is reached.
  static std::string address_of(NodeId node) { return "sim:" + std::to_string(node.value()); }

  // A node has started, or ended (null). Connections from and to it begin anew.
  void attach(NodeId node, Endpoint* endpoint);
  // As PeerPort::set_peer(): a node can send to those that it finds. One that ends wants nobody any more. Where members
  // do not change all find all, and nothing is to be said.
  void set_peer(NodeId node, NodeId peer, const std::vector<std::string>& addresses);
  // How many of them send() would take.
  std::size_t room(NodeId from, NodeId to, Lane lane, std::span<const wire::OutgoingFrame> frames);
  std::size_t send(NodeId from, NodeId to, Lane lane, std::span<wire::OutgoingFrame> frames);

  // Frames from `from` to `to` are lost from now on, and nobody is told; until it is healed.
  void cut(NodeId from, NodeId to) { cut_.insert({from, to}); }
  void heal_cuts() { cut_.clear(); }
  // Frames pass in both directions.
  bool are_linked(NodeId one, NodeId other) const {
    return !cut_.contains({one, other}) && !cut_.contains({other, one});
  }
  // What is sent from `from` to `to` arrives no earlier than after `time`.
  void clog(NodeId from, NodeId to, Duration time);
  // Where messages are repeated late, each that `from` sends to `to` within that time is.
  void echo(NodeId from, NodeId to, Duration time);
  // What it sends within that time is lost, and nobody is told.
  void silence(NodeId from, Duration time);
  // No fault of its own any more, and none that was put there.
  void heal_for_good();

 private:
  struct Connection {
    std::uint64_t epoch = 0;  // of the newest connection; what belongs to an earlier one is gone
    std::uint64_t bytes = 0;  // under way; <= lane_bytes_max, or one frame alone
    bool full = false;        // WRITABLE is owed
    Instant last_arrival;     // so that frames stay in order
    Instant last_told;        // so that who sends hears of it in the order in which it came and went
    Instant sent_until;       // when all that was handed over has left, where capacity is bounded
  };
  using Place = std::tuple<NodeId, NodeId, Lane>;

  using Link = std::pair<NodeId, NodeId>;

  // Whether the first looks for the second where it is.
  bool finds(NodeId node, NodeId peer) const;
  // The connections of both lanes begin anew.
  void renew(NodeId from, NodeId to);
  // What is under way from the first to the second is lost, and the first hears of it.
  void break_connection(NodeId from, NodeId to);
  void dial(NodeId node, NodeId peer);
  void carry(const Place& place, std::shared_ptr<const std::string> frame);
  Instant arrival(const Link& link, Connection& connection, std::uint64_t bytes);
  std::int64_t slowness(const Link& link);
  bool is_repeated_late(const Link& link);
  std::shared_ptr<const std::string> corrupted(const std::string& frame);
  void arrive(const Place& place, std::uint64_t epoch, Instant at, std::shared_ptr<const std::string> frame);
  void take_off(const Place& place, std::uint64_t epoch, std::uint64_t bytes);
  void tell(NodeId node, NodeId peer, Lane lane, LaneEvent event);

  const Options& options_;
  EventQueue& events_;
  Trace& trace_;
  Stream random_;
  Stream late_;
  bool is_healed_ = false;
  std::map<NodeId, Endpoint*> endpoints_;
  std::map<Link, bool> wanted_;  // by the first, to the second; and whether it looks for it where it is
  std::map<Place, Connection> connections_;
  std::set<Link> cut_;
  std::map<Link, Instant> clogged_until_;
  std::map<NodeId, Instant> silent_until_;
  std::map<Link, Instant> echoes_until_;
  std::map<Link, std::int64_t> slowness_;  // by how much more frames are delayed
};

}  // namespace tenon::sim
