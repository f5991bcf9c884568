// SPDX-License-Identifier: MIT
// What nodes say of themselves, and how transports name what they talk about.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/transport.hpp"

namespace tenon::net {

struct LaneId {
  std::uint64_t peer;
  Lane lane;

  bool operator==(const LaneId&) const = default;
  bool operator<(const LaneId& other) const noexcept {
    return std::pair(peer, lane) < std::pair(other.peer, other.lane);
  }
};

inline const char* name_of(Lane lane) noexcept { return lane == Lane::control ? "control" : "bulk"; }
inline std::size_t place_of(Lane lane) noexcept { return static_cast<std::size_t>(lane); }

struct Introduction {
  std::string cluster;
  std::uint64_t node = 0;
  std::array<std::uint8_t, 16> incarnation{};
  std::vector<std::string> client_addresses;
};

// Where the events of the network go. All calls come from the I/O thread, so that none overlaps another.
class NodeEvents {
 public:
  virtual ~NodeEvents() = default;
  // For each connection that was accepted, in either direction, before its up() and its frames.
  virtual void on_introduced(const Introduction& peer) = 0;
  // The frames are gone when this returns.
  virtual void on_frames(const LaneId& from, std::span<const tenon_bytes> frames) = 0;
  virtual void on_up(const LaneId& lane) = 0;
  virtual void on_down(const LaneId& lane) = 0;
  virtual void on_writable(const LaneId& lane) = 0;
};

}  // namespace tenon::net
