// SPDX-License-Identifier: MIT
// The transport plugin whose frames are one-way Thrift calls.
#pragma once

#include <memory>

#include "introduction.hpp"

namespace tenon::transport_thrift {

class Network;

// Reads its options when it is made; the manifest in plugin.cpp declares them and their bounds. What it proves of a
// sender is nothing: the peer id is a claim.
class ThriftTransport final : public Transport, private NodeEvents {
 public:
  explicit ThriftTransport(Host host);
  ~ThriftTransport() override;

  void start() override;
  void stop() override;
  // Takes thrift://host:port. Throws Error: UNSUPPORTED as transport.h says; INVALID: an address of this scheme that is
  // not of this form, or the peer is this node.
  void set_peer(std::uint64_t peer, std::span<const char* const> addresses) override;
  void send(std::uint64_t peer, Lane lane, OfferedFrames& frames) override;

 private:
  struct Options;

  void on_introduced(const Introduction& peer) override;
  void on_frames(const LaneId& from, std::span<const tenon_bytes> frames) override;
  void on_up(const LaneId& lane) override { up(lane.peer, lane.lane); }
  void on_down(const LaneId& lane) override { down(lane.peer, lane.lane); }
  void on_writable(const LaneId& lane) override { writable(lane.peer, lane.lane); }

  const std::unique_ptr<const Options> options_;
  std::unique_ptr<Network> network_;  // from start() to stop()
};

}  // namespace tenon::transport_thrift
