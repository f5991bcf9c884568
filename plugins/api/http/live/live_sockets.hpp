// SPDX-License-Identifier: MIT
// WebSocket connections (RFC 6455) that began as requests of the HTTP listener.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <set>

#include "live_connection.hpp"
#include "net/admission.hpp"
#include "net/traffic.hpp"
#include "request.hpp"
#include "session.hpp"

namespace tenon::api_http {

inline constexpr std::string_view kSubprotocol = "tenon.v1+json";
inline constexpr std::string_view kLivePath = "/ws";

class LiveSocket;

// Of the I/O thread.
class LiveSockets {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // Keeps both.
  LiveSockets(LiveEnvironment& environment, SessionEnvironment& connections)
      : environment_(environment), connections_(connections) {}

  // Takes over a connection that asked for an upgrade, and answers it. The request has passed check_upgrade().
  void take(Socket socket, net::Admission::Ticket ticket, const Request& request);
  // Ends those whose clients have read nothing for idle_timeout though something waits for them.
  void look(Session::Clock::time_point now);
  // Says good-bye to every client.
  void close_all();
  // Ends every connection at once.
  void stop();
  void forget(const std::shared_ptr<LiveSocket>& socket) { sockets_.erase(socket); }

 private:
  LiveEnvironment& environment_;
  SessionEnvironment& connections_;
  std::set<std::shared_ptr<LiveSocket>> sockets_;
};

// Throws Refused: 426 when the request asks for no WebSocket, 400 when it does not offer the subprotocol, or has a
// field that is none.
void check_upgrade(const Request& request, const LiveLimits& limits);

}  // namespace tenon::api_http
