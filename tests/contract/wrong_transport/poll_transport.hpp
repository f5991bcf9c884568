// SPDX-License-Identifier: MIT
// A small transport over TCP on the loopback interface: one thread, one poll(). As it is, it keeps every promise of
// transport.h; sin.hpp has the ways in which it can be built to break one.
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "context.hpp"
#include "incoming_connection.hpp"
#include "outgoing_lane.hpp"

namespace tenon::wrong_transport {

class PollTransport final : public Transport {
 public:
  explicit PollTransport(Host host);

  // Before start().
  void remember(const tenon_transport_host* host) { host_table_ = host; }
  void start() override;
  void stop() override;
  void set_peer(std::uint64_t peer, std::span<const char* const> addresses) override;
  void send(std::uint64_t peer, Lane lane, OfferedFrames& frames) override;

 private:
  void run();
  void wake() const;
  void work();
  void change(std::uint64_t peer, std::vector<std::uint16_t> ports);
  Clock::time_point prepare(std::vector<pollfd>& polls) const;
  void serve(const std::vector<pollfd>& polls);
  void accept_new(Clock::time_point now);

  const Settings settings_;
  const tenon_transport_host* host_table_ = nullptr;
  std::unique_ptr<Context> context_;
  Mailbox mailbox_;
  chaos::Socket wake_;
  chaos::Socket listener_;
  std::map<LaneId, std::unique_ptr<OutgoingLane>> outgoing_;
  std::list<IncomingConnection> incoming_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace tenon::wrong_transport
