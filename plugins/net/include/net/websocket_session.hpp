// SPDX-License-Identifier: MIT
// A TCP connection that carries WebSocket messages (RFC 6455), as the side that dialled or the one that accepted.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/admission.hpp"
#include "net/framed_connection.hpp"
#include "net/traffic.hpp"

namespace tenon::net {

struct WebSocketLimits {
  std::uint64_t message_bytes_max;              // of one message that comes in, until limit_messages()
  std::uint64_t gathered_bytes_max;             // of parts that leave as one message, unless one alone is larger
  std::uint64_t output_bytes_max;               // of output that waits behind what the peer does not take
  std::chrono::milliseconds handshake_timeout;  // of the upgrade
  std::chrono::milliseconds ping_interval;      // of silence, after which the peer is asked whether it is there
  std::chrono::milliseconds answer_timeout;     // within which it answers, and takes some of what waits for it
};

// What the sessions of one I/O thread share; it outlives them.
struct WebSocketEnvironment {
  const WebSocketLimits limits;
  const Traffic traffic;  // frames are not counted here, for a message may hold many
};

// What both sides must name alike. What is asked for otherwise is answered by an HTTP error.
struct WebSocketTarget {
  std::string host;         // of the side that dials: host:port, as the request names it
  std::string path;         // begins with a slash
  std::string subprotocol;  // the token of Sec-WebSocket-Protocol
};

// All of it on the I/O thread. Messages are binary; there is no compression and none is split into fragments; pings are
// answered. One write is under way at a time, and the parts that queue up behind it leave together.
//
// The handler is told of each message as of a frame, followed by on_frames_end(). A connection that ends, however it
// does, is closed here; on_input_end() and busy() are not called. A request that is refused, a text message and what is
// no WebSocket at all close it as malformed, each with a word on why.
class WebSocketSession {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // The socket is non-blocking. The handler must live until on_closed().
  static std::shared_ptr<WebSocketSession> dialled(Socket socket, Admission::Ticket ticket,
                                                   WebSocketEnvironment& environment, WebSocketTarget target,
                                                   FrameHandler& handler);
  // Takes requests for this path and subprotocol that come from no page of a browser, which would have an origin.
  static std::shared_ptr<WebSocketSession> accepted(Socket socket, Admission::Ticket ticket,
                                                    WebSocketEnvironment& environment, WebSocketTarget target,
                                                    FrameHandler& handler);
  virtual ~WebSocketSession() = default;

  // Begins the upgrade. Needs: called once.
  virtual void start() = 0;
  // From the next message on, another bound takes the place of WebSocketLimits::message_bytes_max.
  virtual void limit_messages(std::uint64_t message_bytes_max) = 0;

  // Queue; what is queued leaves with flush(), and not before the upgrade. Nothing happens on a closed session.
  // One message.
  virtual void send(std::string_view message) = 0;
  // A part of a message, `head` and the bytes of `loaned`. Parts that follow each other share a message up to
  // gathered_bytes_max. A large loan is sent from where it lies and ends when the message has been sent or the session
  // is gone.
  virtual void send_part(std::string_view head, Frame loaned) = 0;
  // Closes with kOutputFull when more than output_bytes_max waits.
  virtual void flush() = 0;
  // Drops what is queued, says good-bye with a status code for the reason, unless a message is half sent, and calls
  // on_closed(). Nothing happens the second time.
  virtual void close(CloseReason reason, std::string_view detail) = 0;

  // Of messages and parts that have not been sent whole, without what WebSocket adds.
  virtual std::uint64_t output_bytes() const noexcept = 0;
  // Of the other side, as host:port.
  virtual const std::string& peer() const noexcept = 0;
};

}  // namespace tenon::net
