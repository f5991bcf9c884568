// SPDX-License-Identifier: MIT
#include "transport/transport_host.hpp"

#include <algorithm>

#include "tenon/bytes.hpp"

namespace tenon::plugin_check {

namespace {

std::string place(std::uint64_t peer, Lane lane) {
  return " for node " + std::to_string(peer) + ", lane " + name_of(lane);
}

}  // namespace

// Holds a lane of a peer for the length of a call, for the calls of one lane must not overlap.
class TransportHost::Call {
 public:
  Call(TransportHost& host, std::uint64_t peer, std::uint32_t lane, std::string_view function) : host_(host) {
    const std::string name = std::string(function) + "()";
    host_.subject_.expect(lane <= TENON_LANE_BULK, name + " came for lane " + std::to_string(lane) +
                                                       "; expected 0 or 1 (transport.h: TENON_LANE_)");
    const std::lock_guard lock(host_.mutex_);
    Peer& found = host_.peers_[peer];
    const std::string where = place(peer, static_cast<Lane>(lane));
    host_.subject_.expect(found.introductions != 0,
                          name + " came" + where + " before introduced() (transport.h: before its UP and its frames)");
    use_ = &found.lanes[lane];
    host_.subject_.expect(use_->in_call.empty(), name + " came" + where + " while " + std::string(use_->in_call) +
                                                     "() had not returned (transport.h: one call at a time)");
    use_->in_call = function;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    const std::lock_guard lock(host_.mutex_);
    use_->in_call = {};
  }

 private:
  TransportHost& host_;
  LaneUse* use_ = nullptr;  // the map never moves what it holds
};

TransportHost::TransportHost(Subject& subject, Said self, Receiver receiver)
    : subject_(subject), self_said_(std::move(self)), receiver_(std::move(receiver)) {
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

void TransportHost::set_stopped() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
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
  if (found == peers_.end() || found->second.introductions == 0) return std::nullopt;
  return found->second.said;
}

TransportHost& TransportHost::of(const tenon_transport_host* table, std::string_view function) {
  TransportHost& host = *static_cast<TransportHost*>(table->context);
  const std::lock_guard lock(host.mutex_);
  host.subject_.expect(!host.stopped_,
                       std::string(function) + "() was called after stop() had returned (plugin.h: its last call)");
  return host;
}

void TransportHost::introduced(const tenon_transport_host* table, std::uint64_t peer, const tenon_introduction* said) {
  TransportHost& host = of(table, "introduced");
  host.subject_.expect(said->client_address_count <= TENON_CLIENT_ADDRESSES_MAX,
                       "introduced() came with " + std::to_string(said->client_address_count) +
                           " client addresses; expected at most " + std::to_string(TENON_CLIENT_ADDRESSES_MAX));
  Said copy;
  std::copy(std::begin(said->incarnation), std::end(said->incarnation), copy.incarnation.begin());
  for (std::uint64_t i = 0; i < said->client_address_count; ++i) {
    copy.client_addresses.emplace_back(said->client_addresses[i]);
  }
  const std::lock_guard lock(host.mutex_);
  ++host.peers_[peer].introductions;
  host.peers_[peer].said = std::move(copy);
}

void TransportHost::receive(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane,
                            std::uint32_t proof, const tenon_bytes* frames, std::uint64_t count) {
  TransportHost& host = of(table, "receive");
  const Call call(host, peer, lane, "receive");
  host.subject_.expect(proof <= TENON_PROOF_NODE, "receive() came with proof " + std::to_string(proof) +
                                                      "; expected 0, 1 or 2 (transport.h: TENON_PROOF_)");
  for (std::uint64_t i = 0; i < count; ++i) {
    host.subject_.expect(frames[i].size <= TENON_FRAME_BYTES_MAX, "receive() brought a frame of " +
                                                                      std::to_string(frames[i].size) +
                                                                      " bytes; expected at most TENON_FRAME_BYTES_MAX");
    host.receiver_(peer, static_cast<Lane>(lane), view(frames[i]));
  }
}

void TransportHost::lane_event(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane,
                               std::uint32_t event) {
  TransportHost& host = of(table, "lane_event");
  const Call call(host, peer, lane, "lane_event");
  const std::lock_guard lock(host.mutex_);
  host.change(host.peers_[peer], peer, static_cast<Lane>(lane), event);
}

void TransportHost::change(Peer& peer, std::uint64_t id, Lane lane, std::uint32_t event) {
  subject_.expect(event >= TENON_EVENT_UP && event <= TENON_EVENT_WRITABLE,
                  "lane_event() came with event " + std::to_string(event) + "; expected UP, DOWN or WRITABLE");
  LaneUse& use = peer.lanes[static_cast<std::size_t>(lane)];
  const std::string where = place(id, lane);
  ++use.counts[event];
  if (event == TENON_EVENT_UP) {
    subject_.expect(!use.up, "UP came" + where + ", which is up (transport.h: UP and DOWN take turns)");
    const std::uint64_t ups = peer.lanes[0].counts[TENON_EVENT_UP] + peer.lanes[1].counts[TENON_EVENT_UP];
    subject_.expect(ups <= peer.introductions,
                    "UP came" + where +
                        " for a connection without an introduction of its own (transport.h: for each "
                        "connection once, before its UP)");
    use.up = true;
    return;
  }
  const char* const name = event == TENON_EVENT_DOWN ? "DOWN" : "WRITABLE";
  subject_.expect(use.up, std::string(name) + " came" + where + ", which is down (transport.h: UP comes first)");
  use.up = event != TENON_EVENT_DOWN;
}

}  // namespace tenon::plugin_check
