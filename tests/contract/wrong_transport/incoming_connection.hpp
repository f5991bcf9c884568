// SPDX-License-Identifier: MIT
// A connection that another node has dialled: its introduction, then the frames of one lane.
#pragma once

#include <functional>

#include "chaos/socket.hpp"
#include "context.hpp"

namespace tenon::wrong_transport {

class IncomingConnection {
 public:
  IncomingConnection(const Context& context, chaos::Socket socket, Clock::time_point now)
      : context_(context), socket_(std::move(socket)), deadline_(now + context.settings.connect_timeout) {}

  int descriptor() const noexcept { return socket_.descriptor(); }
  // Of the introduction; in the past when it has ended.
  Clock::time_point deadline() const noexcept { return deadline_; }
  // Whose it is; nullopt: not introduced.
  const std::optional<LaneId>& lane() const noexcept { return lane_; }

  // A newer one has taken its place: what it has brought meanwhile is not delivered.
  void end() noexcept { deadline_ = Clock::time_point::min(); }

  // Reads and delivers. Returns false when the connection is over. `is_peer` is asked of who introduces itself.
  bool serve(const std::function<bool(const LaneId&)>& is_peer);

 private:
  bool introduce(std::uint8_t lane, std::string_view body, const std::function<bool(const LaneId&)>& is_peer);
  bool deliver(std::uint8_t lane, std::string_view body);

  const Context& context_;
  chaos::Socket socket_;
  Clock::time_point deadline_;
  MessageReader input_;
  std::optional<LaneId> lane_;
};

}  // namespace tenon::wrong_transport
