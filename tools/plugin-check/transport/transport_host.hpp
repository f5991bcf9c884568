// SPDX-License-Identifier: MIT
// The table tenon_transport_host for one instance under check: what it reports, to be waited for and looked at.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/traffic.hpp"

namespace tenon::plugin_check {

// What a node says of itself, in values that last.
struct Said {
  std::array<std::uint8_t, 16> incarnation{};
  std::vector<std::string> client_addresses;

  bool operator==(const Said&) const = default;
};

class TransportHost {
 public:
  // Called for each frame that arrives, on the plugin's thread.
  using Receiver = std::function<void(std::uint64_t peer, Lane lane, std::string_view bytes)>;

  // It must outlive every call of the plugin, also one that comes too late: Subject::keep() it.
  TransportHost(Said self, Receiver receiver);
  TransportHost(const TransportHost&) = delete;
  TransportHost& operator=(const TransportHost&) = delete;

  const tenon_transport_host* table() const noexcept { return &table_; }

  // These are for any thread.
  bool is_up(std::uint64_t peer, Lane lane) const;
  std::uint64_t count(std::uint64_t peer, Lane lane, std::uint32_t event) const;
  // The latest of this peer; nullopt: it has not been introduced.
  std::optional<Said> introduction(std::uint64_t peer) const;

 private:
  struct LaneUse {
    bool up = false;
    std::uint64_t counts[TENON_EVENT_WRITABLE + 1] = {};
  };
  struct Peer {
    std::optional<Said> said;
    LaneUse lanes[2];
  };

  static TransportHost& of(const tenon_transport_host* table) { return *static_cast<TransportHost*>(table->context); }
  static void introduced(const tenon_transport_host* table, std::uint64_t peer, const tenon_introduction* said);
  static void receive(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane, std::uint32_t proof,
                      const tenon_bytes* frames, std::uint64_t count);
  static void lane_event(const tenon_transport_host* table, std::uint64_t peer, std::uint32_t lane,
                         std::uint32_t event);

  const Said self_said_;
  std::vector<const char*> client_addresses_;
  tenon_introduction self_{};
  const Receiver receiver_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Peer> peers_;
  tenon_transport_host table_{};
};

}  // namespace tenon::plugin_check
