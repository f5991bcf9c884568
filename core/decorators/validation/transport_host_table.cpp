// SPDX-License-Identifier: MIT
// What a transport says to its host.
#include <string>
#include <utility>

#include "call.hpp"
#include "transport_calls.hpp"

namespace tenon::validation {
namespace {

constexpr const char* kIntroduced = "tenon_transport_host.introduced";
constexpr const char* kReceive = "tenon_transport_host.receive";
constexpr const char* kLaneEvent = "tenon_transport_host.lane_event";

std::string lane_text(std::uint64_t peer, std::uint32_t lane) {
  return "lane " + std::to_string(lane) + " of peer " + std::to_string(peer);
}

}  // namespace

// A call of the plugin that speaks of one lane, of which no two may go on at once.
class TransportCalls::LaneCall {
 public:
  LaneCall(TransportCalls& calls, const char* function, std::uint64_t peer, std::uint32_t lane) : calls_(calls) {
    bool overlaps = false;
    {
      const std::lock_guard lock(calls_.mutex_);
      lane_ = calls_.find_lane(peer, lane);
      overlaps = lane_ != nullptr && std::exchange(lane_->in_call, true);
    }
    if (!overlaps) return;
    lane_ = nullptr;
    calls_.subject_.report(Blame::plugin, Rule::overlap, function, "a second call at once for " + lane_text(peer, lane),
                           "one at a time");
  }
  LaneCall(const LaneCall&) = delete;
  LaneCall& operator=(const LaneCall&) = delete;
  ~LaneCall() {
    const std::lock_guard lock(calls_.mutex_);
    if (lane_ != nullptr) lane_->in_call = false;
  }

 private:
  TransportCalls& calls_;
  Lane* lane_;  // the map never moves what it holds
};

TransportCalls& TransportCalls::of(const tenon_transport_host* host) noexcept {
  TransportCalls& calls = *static_cast<TransportCalls*>(host->context);
  expect_same(calls.subject_, "tenon_transport_host", host, calls.host_table_);
  return calls;
}

void TransportCalls::fill_host_table() noexcept {
  host_table_.struct_size = sizeof host_table_;
  host_table_.context = this;
  host_table_.introduced = [](const tenon_transport_host* host, std::uint64_t peer, const tenon_introduction* said) {
    of(host).introduced(peer, said);
  };
  host_table_.receive = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t lane,
                           std::uint32_t proof, const tenon_bytes* frames,
                           std::uint64_t count) { of(host).receive(peer, lane, proof, frames, count); };
  host_table_.lane_event = [](const tenon_transport_host* host, std::uint64_t peer, std::uint32_t lane,
                              std::uint32_t event) { of(host).lane_event(peer, lane, event); };
}

void TransportCalls::introduced(std::uint64_t peer, const tenon_introduction* said) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kIntroduced)) return;
  if (said->client_address_count > TENON_CLIENT_ADDRESSES_MAX) {
    return subject_.report(Blame::plugin, Rule::introduction, kIntroduced,
                           std::to_string(said->client_address_count) + " addresses",
                           "at most " + std::to_string(TENON_CLIENT_ADDRESSES_MAX));
  }
  {
    const std::lock_guard lock(mutex_);
    if (Peer* const of_peer = find_peer(peer)) ++of_peer->introductions;
  }
  host_->introduced(host_, peer, said);
}

void TransportCalls::receive(std::uint64_t peer, std::uint32_t lane, std::uint32_t proof, const tenon_bytes* frames,
                             std::uint64_t count) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kReceive)) return;
  if (lane > TENON_LANE_BULK || proof > TENON_PROOF_NODE) {
    return subject_.report(Blame::plugin, Rule::argument, kReceive,
                           lane_text(peer, lane) + " and the proof " + std::to_string(proof), "values of transport.h");
  }
  const LaneCall lane_call(*this, kReceive, peer, lane);
  bool is_introduced = true;
  {
    const std::lock_guard lock(mutex_);
    const Peer* const of_peer = find_peer(peer);
    is_introduced = of_peer == nullptr || of_peer->introductions > 0;
  }
  if (!is_introduced) {
    subject_.report(Blame::plugin, Rule::introduction, kReceive, "frames on " + lane_text(peer, lane),
                    "introduced() before");
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (frames[i].size <= TENON_FRAME_BYTES_MAX) continue;
    subject_.report(Blame::plugin, Rule::frame, kReceive, "a frame of " + std::to_string(frames[i].size) + " bytes",
                    "at most " + std::to_string(TENON_FRAME_BYTES_MAX));
  }
  host_->receive(host_, peer, lane, proof, frames, count);
}

std::optional<Fault> TransportCalls::apply(std::uint32_t event, Peer& peer, Lane& lane) {
  if (event == TENON_EVENT_UP) {
    const bool is_introduced = ++peer.ups <= peer.introductions;
    if (std::exchange(lane.is_up, true)) return Fault{Rule::lane, "UP of a lane that is up", "DOWN first"};
    if (!is_introduced) {
      peer.ups = peer.introductions;
      return Fault{Rule::introduction, "UP of a connection that said nothing of its peer", "introduced() before"};
    }
    return std::nullopt;
  }
  if (event == TENON_EVENT_DOWN) {
    lane.is_starved = false;
    if (!std::exchange(lane.is_up, false)) return Fault{Rule::lane, "DOWN of a lane that is down", "UP first"};
    return std::nullopt;
  }
  if (event != TENON_EVENT_WRITABLE) return Fault{Rule::argument, "the event " + std::to_string(event), "a known one"};
  if (!lane.is_up) return Fault{Rule::lane, "WRITABLE of a lane that is down", "UP first"};
  if (std::exchange(lane.is_starved, false) || lane.in_send) return std::nullopt;
  return Fault{Rule::lane, "WRITABLE when every frame had been taken", "it only after send() took fewer than offered"};
}

void TransportCalls::lane_event(std::uint64_t peer, std::uint32_t lane, std::uint32_t event) {
  const PluginCall call(subject_);
  if (!expect_alive(subject_, kLaneEvent)) return;
  if (lane > TENON_LANE_BULK) {
    return subject_.report(Blame::plugin, Rule::argument, kLaneEvent, lane_text(peer, lane), "control or bulk");
  }
  const LaneCall lane_call(*this, kLaneEvent, peer, lane);
  std::optional<Fault> fault;
  {
    const std::lock_guard lock(mutex_);
    if (Peer* const of_peer = find_peer(peer)) fault = apply(event, *of_peer, of_peer->lanes[lane]);
  }
  if (fault) {
    subject_.report(Blame::plugin, fault->rule, kLaneEvent, fault->found + ", " + lane_text(peer, lane),
                    fault->expected);
    // The host's idea of the lane would be wrong from now on.
    if (fault->rule == Rule::lane || fault->rule == Rule::argument) return;
  }
  host_->lane_event(host_, peer, lane, event);
}

}  // namespace tenon::validation
