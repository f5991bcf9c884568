// SPDX-License-Identifier: MIT
// The host's side of a transport, for the tests of transport plugins: it keeps what the transport delivers, lets a test
// wait for it, and notes where the transport breaks the contract of transport.h.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tenon/transport.hpp"

namespace tenon {
inline namespace [[gnu::visibility("hidden")]] sdk_1 {
namespace testing {

struct ReceivedFrame {
  std::uint64_t peer;
  Lane lane;
  std::uint32_t proof;
  std::string bytes;
};
struct LaneEvent {
  std::uint64_t peer;
  Lane lane;
  std::uint32_t event;  // TENON_EVENT_*

  bool operator==(const LaneEvent&) const = default;
};

struct ReceivedIntroduction {
  std::uint64_t peer;
  std::array<std::uint8_t, 16> incarnation;
  std::vector<std::string> client_addresses;

  bool operator==(const ReceivedIntroduction&) const = default;
};

// All functions from any thread. It outlives the transport's stop().
class FakeTransportHost {
 public:
  // What the node of this host says of itself to its peers.
  explicit FakeTransportHost(const std::array<std::uint8_t, 16>& incarnation = {},
                             std::vector<std::string> client_addresses = {})
      : client_addresses_(std::move(client_addresses)) {
    for (const std::string& address : client_addresses_) client_address_pointers_.push_back(address.c_str());
    std::copy(incarnation.begin(), incarnation.end(), self_.incarnation);
    self_.client_addresses = client_address_pointers_.data();
    self_.client_address_count = client_address_pointers_.size();
    table_.struct_size = sizeof table_;
    table_.context = this;
    table_.self = &self_;
    table_.introduced = introduced;
    table_.receive = receive;
    table_.lane_event = lane_event;
  }
  FakeTransportHost(const FakeTransportHost&) = delete;
  FakeTransportHost& operator=(const FakeTransportHost&) = delete;

  const tenon_transport_host* table() const noexcept { return &table_; }

  // In the order of arrival, over all peers and lanes.
  std::vector<ReceivedFrame> frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }
  std::vector<LaneEvent> lane_events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<ReceivedIntroduction> introductions() const {
    const std::lock_guard lock(mutex_);
    return introductions_;
  }
  // What the transport did that transport.h forbids, one line each; empty in a test that passes.
  std::vector<std::string> violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
  }
  // Between UP and DOWN.
  bool is_up(std::uint64_t peer, Lane lane) const {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find({peer, lane});
    return found != lanes_.end() && found->second.up;
  }

  // Each waits until it is so and returns true, or false when `timeout` is over first.
  bool wait_for_frames(std::size_t count, std::chrono::milliseconds timeout) const {
    return wait(timeout, [&] { return frames_.size() >= count; });
  }
  // `times`: how often the event must have come since the beginning.
  bool wait_for_event(const LaneEvent& event, std::chrono::milliseconds timeout, std::ptrdiff_t times = 1) const {
    return wait(timeout, [&] { return std::count(events_.begin(), events_.end(), event) >= times; });
  }

 private:
  struct LaneUse {
    bool up = false;
    bool in_call = false;
  };

  // The calls for one lane of one peer must not overlap, and come after its introduction; this holds the lane for the
  // length of a call.
  class Call {
   public:
    Call(FakeTransportHost& host, std::uint64_t peer, std::uint32_t lane, const char* name) : host_(host) {
      const std::lock_guard lock(host_.mutex_);
      use_ = &host_.lanes_[{peer, static_cast<Lane>(lane)}];
      if (lane > TENON_LANE_BULK) host_.violate(name, peer, lane, "the lane is unknown");
      if (!host_.known_.contains(peer)) host_.violate(name, peer, lane, "the peer has not been introduced");
      if (use_->in_call) host_.violate(name, peer, lane, "another call for this lane has not returned");
      entered_ = !std::exchange(use_->in_call, true);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      const std::lock_guard lock(host_.mutex_);
      if (entered_) use_->in_call = false;
    }
    LaneUse& use() const noexcept { return *use_; }

   private:
    FakeTransportHost& host_;
    LaneUse* use_;  // the map never moves what it holds
    bool entered_;
  };

  static FakeTransportHost& of(const tenon_transport_host* host) noexcept {
    return *static_cast<FakeTransportHost*>(host->context);
  }

  static void introduced(const tenon_transport_host* table, std::uint64_t peer, const tenon_introduction* said) {
    FakeTransportHost& host = of(table);
    {
      const std::lock_guard lock(host.mutex_);
      host.known_.insert(peer);
      const bool fits = said->client_address_count <= TENON_CLIENT_ADDRESSES_MAX;
      if (!fits) host.violations_.push_back("introduced, peer " + std::to_string(peer) + ": too many client addresses");
      ReceivedIntroduction received{peer, {}, {}};
      std::copy(std::begin(said->incarnation), std::end(said->incarnation), received.incarnation.begin());
      for (std::uint64_t i = 0; fits && i < said->client_address_count; ++i) {
        received.client_addresses.emplace_back(said->client_addresses[i]);
      }
      host.introductions_.push_back(std::move(received));
    }
    host.changed_.notify_all();
  }

  static void receive(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane, std::uint32_t proof,
                      const tenon_bytes* frames, std::uint64_t count) {
    FakeTransportHost& host = of(table);
    const Call call(host, peer, lane, "receive");
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string copy(view(frames[i]));  // not under the mutex, so that calls that overlap are seen to
      const std::lock_guard lock(host.mutex_);
      if (copy.size() > TENON_FRAME_BYTES_MAX) host.violate("receive", peer, lane, "the frame is too large");
      host.frames_.push_back({peer, static_cast<Lane>(lane), proof, std::move(copy)});
    }
    if (proof > TENON_PROOF_NODE) {
      const std::lock_guard lock(host.mutex_);
      host.violate("receive", peer, lane, "the proof is unknown");
    }
    host.changed_.notify_all();
  }

  static void lane_event(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane,
                         std::uint32_t event) {
    FakeTransportHost& host = of(table);
    const Call call(host, peer, lane, "lane_event");
    {
      const std::lock_guard lock(host.mutex_);
      bool& up = call.use().up;
      if (event == TENON_EVENT_UP && up) host.violate("lane_event", peer, lane, "UP of a lane that is up");
      if (event == TENON_EVENT_DOWN && !up) host.violate("lane_event", peer, lane, "DOWN of a lane that is down");
      if (event == TENON_EVENT_WRITABLE && !up)
        host.violate("lane_event", peer, lane, "WRITABLE of a lane that is down");
      if (event < TENON_EVENT_UP || event > TENON_EVENT_WRITABLE) {
        host.violate("lane_event", peer, lane, "the event is unknown");
      }
      if (event == TENON_EVENT_UP || event == TENON_EVENT_DOWN) up = event == TENON_EVENT_UP;
      host.events_.push_back({peer, static_cast<Lane>(lane), event});
    }
    host.changed_.notify_all();
  }

  // Needs: the mutex.
  void violate(const char* call, std::uint64_t peer, std::uint32_t lane, const char* what) {
    violations_.push_back(std::string(call) + ", peer " + std::to_string(peer) + ", lane " + std::to_string(lane) +
                          ": " + what);
  }
  template <class Condition>
  bool wait(std::chrono::milliseconds timeout, Condition condition) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, condition);
  }

  const std::vector<std::string> client_addresses_;
  std::vector<const char*> client_address_pointers_;
  tenon_introduction self_{};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<ReceivedFrame> frames_;
  std::vector<LaneEvent> events_;
  std::vector<ReceivedIntroduction> introductions_;
  std::set<std::uint64_t> known_;  // peers that have been introduced
  std::vector<std::string> violations_;
  std::map<std::pair<std::uint64_t, Lane>, LaneUse> lanes_;
  tenon_transport_host table_{};
};

}  // namespace testing
}  // namespace sdk_1
}  // namespace tenon
