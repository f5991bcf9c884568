// SPDX-License-Identifier: MIT
// Transports that reach each other within one process: a frame that is taken has arrived. A test cuts and mends the
// links between nodes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "host/peer_host.hpp"
#include "tenon/bytes.hpp"
#include "tenon/host.hpp"

namespace tenon::host {

class LoopbackNetwork {
 public:
  LoopbackNetwork() {
    table_.struct_size = sizeof table_;
    table_.start = [](void* self, const tenon_transport_host* host, tenon_detail*) {
      Seat& seat = of(self);
      const std::lock_guard lock(seat.network->mutex_);
      seat.host = host;
      return tenon_error{TENON_OK};
    };
    table_.stop = [](void* self) {
      Seat& seat = of(self);
      const std::lock_guard lock(seat.network->mutex_);
      for (auto& [id, other] : seat.network->seats_) seat.network->set_link(seat, *other, false);
      seat.host = nullptr;
      seat.peers.clear();
    };
    table_.set_peer = [](void* self, std::uint64_t peer, const char* const*, std::uint64_t) {
      Seat& seat = of(self);
      const std::lock_guard lock(seat.network->mutex_);
      seat.peers.insert(peer);
      seat.network->connect_all();
      return tenon_error{TENON_OK};
    };
    table_.send = [](void* self, std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames,
                     std::uint64_t count) { return of(self).network->send(of(self), peer, lane, frames, count); };
  }
  LoopbackNetwork(const LoopbackNetwork&) = delete;
  LoopbackNetwork& operator=(const LoopbackNetwork&) = delete;

  // The transport of a node; the same again after it was stopped.
  TransportPort port(std::uint64_t node) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Seat>& seat = seats_[node];
    if (!seat) seat = std::make_unique<Seat>(Seat{this, node, nullptr, {}});
    return {"loopback", &table_, seat.get()};
  }
  // Cuts a node off from all others, or lets it back.
  void isolate(std::uint64_t node) {
    const std::lock_guard lock(mutex_);
    isolated_.insert(node);
    for (auto& [id, other] : seats_) set_link(*seats_.at(node), *other, false);
  }
  void heal(std::uint64_t node) {
    const std::lock_guard lock(mutex_);
    isolated_.erase(node);
    connect_all();
  }

 private:
  struct Seat {
    LoopbackNetwork* network;
    std::uint64_t node;
    const tenon_transport_host* host;  // from start() to stop()
    std::set<std::uint64_t> peers;
  };

  static Seat& of(void* self) noexcept { return *static_cast<Seat*>(self); }

  // Needs, both: the mutex.
  void connect_all() {
    for (auto& [id, one] : seats_) {
      for (auto& [other_id, other] : seats_) {
        const bool wanted = id < other_id && one->host != nullptr && other->host != nullptr &&
                            one->peers.contains(other_id) && other->peers.contains(id) && !isolated_.contains(id) &&
                            !isolated_.contains(other_id);
        if (wanted) set_link(*one, *other, true);
      }
    }
  }
  void set_link(Seat& one, Seat& other, bool up) {
    const std::pair<std::uint64_t, std::uint64_t> link = std::minmax(one.node, other.node);
    if (up == links_.contains(link) || one.node == other.node) return;
    if (up) {
      links_.insert(link);
      one.host->introduced(one.host, other.node, other.host->self);
      other.host->introduced(other.host, one.node, one.host->self);
    } else {
      links_.erase(link);
    }
    for (const std::uint32_t lane : {TENON_LANE_CONTROL, TENON_LANE_BULK}) {
      const std::uint32_t event = up ? TENON_EVENT_UP : TENON_EVENT_DOWN;
      one.host->lane_event(one.host, other.node, lane, event);
      other.host->lane_event(other.host, one.node, lane, event);
    }
  }

  std::uint64_t send(const Seat& from, std::uint64_t peer, std::uint32_t lane, const tenon_frame* frames,
                     std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    if (!links_.contains(std::minmax(from.node, peer))) return 0;
    const Seat& to = *seats_.at(peer);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string whole;
      for (std::uint64_t part = 0; part < frames[i].part_count; ++part) whole += view(frames[i].parts[part]);
      const tenon_bytes arrived = bytes(whole);
      to.host->receive(to.host, from.node, lane, TENON_PROOF_NONE, &arrived, 1);
      give_back(frames[i].loan);
    }
    return count;
  }

  tenon_transport table_{};
  std::mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Seat>> seats_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> links_;
  std::set<std::uint64_t> isolated_;
};

}  // namespace tenon::host
