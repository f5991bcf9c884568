// SPDX-License-Identifier: MIT
#include "network.hpp"

#include <algorithm>
#include <utility>

#include "net/keep_alive.hpp"

namespace tenon::net {

namespace {

namespace asio = boost::asio;

// Lines that strangers can provoke, in one second.
constexpr std::uint64_t kLinesMax = 10;
// Nodes that say hello and are no peers, which may be new ones or old ones; what they say is for the host to judge.
constexpr std::ptrdiff_t kStrangersMax = 16;
constexpr std::array kLanes = {Lane::control, Lane::bulk};

std::map<std::string, Metric, std::less<>> refusal_metrics(const Host& host) {
  std::map<std::string, Metric, std::less<>> metrics;
  for (const char* label :
       {name_of(Refusal::kVersion), name_of(Refusal::kCluster), name_of(Refusal::kNode), name_of(Refusal::kSender),
        name_of(Refusal::kUnknownPeer), name_of(Refusal::kLane), kMalformedHello, kTooLargeHello, kLateHello}) {
    metrics[label] = host.metric("hellos_refused_total", ("reason=\"" + std::string(label) + "\"").c_str());
  }
  return metrics;
}

}  // namespace

Network::Network(const Host& host, const NetworkSettings& settings, const Traffic& traffic, PeerProtocol& protocol,
                 Introduction self, NodeEvents& events)
    : host_(host),
      settings_(settings),
      self_(std::move(self)),
      events_(events),
      logger_(host, kLinesMax),
      protocol_(protocol),
      admission_(settings.connections_max, settings.connections_per_address_max, traffic),
      hellos_refused_(refusal_metrics(host)),
      connections_replaced_(host.metric("connections_replaced_total")),
      malformed_frames_(host.metric("frames_dropped_total", "reason=\"malformed\"")),
      thread_([host](const std::string& why) { host.failed(TENON_ERROR_INTERNAL, why.c_str()); }),
      outbox_(settings.send_queue_bytes_max, protocol.frame_overhead_bytes(),
              [this] { asio::post(thread_.context(), [this] { work(); }); }),
      dial_environment_(host, thread_.context(), settings_.dial, self_, events, outbox_, logger_, protocol_),
      listener_(
          thread_.context(), settings.listen, admission_,
          [this](Listener::Socket socket, Admission::Ticket ticket) { accept(std::move(socket), std::move(ticket)); },
          [this](const std::string& why) { logger_.warning(why); }) {
  for (const std::string& address : listener_.local_addresses()) host_.info("listening on " + address);
  asio::post(thread_.context(), [this] { listener_.start(); });
  thread_.start();
}

Network::~Network() {
  const auto close = [this] { close_all(); };
  const bool was_closed = thread_.run(close);
  thread_.stop();
  if (!was_closed) close();  // a handler has failed, and the loop has ended before
}

void Network::close_all() {
  listener_.close();
  for (auto& [id, peer] : peers_) drop(peer);
  peers_.clear();
  while (!incoming_.empty()) {
    const std::shared_ptr<IncomingConnection> one = incoming_.begin()->second;
    one->close(CloseReason::kShutdown, {});
  }
}

void Network::work() {
  Outbox::Work work = outbox_.take();
  for (const auto& [id, wanted] : work.changes) change(id, wanted);
  for (Outbox::Batch& batch : work.batches) {
    const auto found = peers_.find(batch.lane.peer);
    if (found != peers_.end() && !found->second.is_stranger())
      found->second.outgoing[place_of(batch.lane.lane)]->send(std::move(batch.frames));
  }
}

void Network::change(std::uint64_t id, const Outbox::PeerChange& wanted) {
  const auto found = peers_.find(id);
  if (wanted.drop && found != peers_.end()) {
    drop(found->second);
    peers_.erase(found);
  }
  if (wanted.addresses.empty()) return;
  Peer& peer = peers_[id];
  for (const Lane lane : kLanes) {
    std::shared_ptr<OutgoingLane>& outgoing = peer.outgoing[place_of(lane)];
    if (!outgoing) outgoing = std::make_shared<OutgoingLane>(dial_environment_, LaneId{id, lane});
    outgoing->set_addresses(wanted.addresses);
  }
}

void Network::drop(Peer& peer) {
  for (const Lane lane : kLanes) {
    if (!peer.is_stranger()) peer.outgoing[place_of(lane)]->stop();
    IncomingConnection* const incoming = peer.incoming[place_of(lane)];
    if (incoming != nullptr) incoming->close(CloseReason::kShutdown, {});
  }
}

void Network::accept(Listener::Socket socket, Admission::Ticket ticket) {
  keep_alive(socket, settings_.dial.send_timeout);
  auto incoming = std::make_shared<IncomingConnection>(*this, protocol_, self_);
  std::shared_ptr<PeerConnection> connection = protocol_.accepted(std::move(socket), std::move(ticket), *incoming);
  incoming_.emplace(incoming.get(), incoming);
  incoming->start(std::move(connection), thread_.context(), settings_.dial.connect_timeout);
}

std::optional<IncomingOwner::Refused> Network::on_hello(IncomingConnection& connection, const Hello& hello) {
  const std::uint64_t from = hello.sender.node;
  if (hello.sender.cluster != self_.cluster) {
    return Refused{Refusal::kCluster,
                   "this is cluster " + self_.cluster + ", the hello is of cluster " + hello.sender.cluster};
  }
  if (hello.to != self_.node) {
    return Refused{Refusal::kNode, "this is node " + std::to_string(self_.node) + ", the hello is for node " +
                                       std::to_string(hello.to) + "; correct that address at node " +
                                       std::to_string(from)};
  }
  if (from == self_.node) {
    return Refused{Refusal::kSender,
                   "the sender has the id of this node, " + std::to_string(from) + "; two nodes may not share one"};
  }
  if (!peers_.contains(from) && !has_room_for_stranger()) {
    return Refused{Refusal::kUnknownPeer, "node " + std::to_string(from) + " is no peer of node " +
                                              std::to_string(self_.node) + ", and as many others wait here as may"};
  }
  const Lane lane = static_cast<Lane>(hello.lane);
  Peer& peer = peers_[from];
  IncomingConnection*& newest = peer.incoming[place_of(lane)];
  if (newest != nullptr) {
    connections_replaced_.record(1);
    logger_.warning("closed the connection from " + newest->address() + ": a newer one came from " +
                    connection.address() + " for lane " + name_of(lane) + " of node " + std::to_string(from));
    newest->close(CloseReason::kRefused, {});
  }
  newest = &connection;
  events_.on_introduced(hello.sender);
  if (!peer.is_stranger()) peer.outgoing[place_of(lane)]->hurry();
  return std::nullopt;
}

// Those that have left are forgotten here, and not as they leave, when somebody may be using what there is of them.
bool Network::has_room_for_stranger() {
  std::erase_if(peers_, [](const auto& one) { return one.second.is_stranger() && !one.second.is_connected(); });
  const auto strangers =
      std::count_if(peers_.begin(), peers_.end(), [](const auto& one) { return one.second.is_stranger(); });
  return strangers < kStrangersMax;
}

void Network::on_refused(const IncomingConnection& connection, const char* label, const std::string& why) {
  hellos_refused_.find(label)->second.record(1);
  logger_.warning("refused the connection from " + connection.address() + ": " + why);
}

void Network::on_malformed_frame(const IncomingConnection& connection) {
  malformed_frames_.record(1);
  logger_.warning("closed the connection from " + connection.address() + ": what came after the hello is not a frame");
}

void Network::on_closed(IncomingConnection& connection) {
  if (connection.lane()) {
    const auto found = peers_.find(connection.lane()->peer);
    if (found != peers_.end()) {
      IncomingConnection*& newest = found->second.incoming[place_of(connection.lane()->lane)];
      if (newest == &connection) newest = nullptr;
    }
  }
  incoming_.erase(&connection);
}

}  // namespace tenon::net
