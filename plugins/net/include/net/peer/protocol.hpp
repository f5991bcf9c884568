// SPDX-License-Identifier: MIT
// What distinguishes one transport from another: how hellos and frames are written down, and what connection carries
// them. The rest, from the queues to the reconnecting, is common to all.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.hpp"
#include "net/admission.hpp"
#include "net/framed_connection.hpp"
#include "net/peer/hello.hpp"

namespace tenon::net {

// Where a peer is dialled.
struct PeerAddress {
  Address endpoint;
  std::string path;  // of protocols that have one

  bool operator==(const PeerAddress& other) const noexcept {
    return endpoint.host == other.endpoint.host && endpoint.port == other.endpoint.port && path == other.path;
  }
};

// A connection between two nodes: a message each way, and after an acceptance frames from the dialler. Its user is a
// FrameHandler, to which each message that comes in is a frame. Everything on the I/O thread.
class PeerConnection {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  virtual ~PeerConnection() = default;

  // Begins to work. Needs: held by a shared_ptr; called once.
  virtual void start() = 0;
  // The side that was dialled: from the next message on, messages are of frames, and as large as those may be.
  virtual void expect_frames() = 0;
  // Both queue, and nothing happens on a closed connection; a frame's loan ends when it has been sent or copied, or
  // with the connection.
  virtual void send_message(std::string_view message) = 0;
  virtual void send_frame(Frame frame) = 0;
  // Sends what is queued, now as far as possible and later the rest.
  virtual void flush() = 0;
  // Drops what is queued, closes and calls on_closed(). Nothing happens the second time.
  virtual void close(CloseReason reason, std::string_view detail) = 0;
  // Of what is queued and not yet sent: of each frame its size and PeerProtocol::frame_overhead_bytes.
  virtual std::uint64_t output_bytes() const noexcept = 0;
  // Of the other side, as host:port.
  virtual const std::string& peer() const noexcept = 0;
};

// Of the I/O thread, but for the constants. It outlives every connection.
class PeerProtocol {
 public:
  virtual ~PeerProtocol() = default;

  virtual std::int32_t version() const noexcept = 0;
  // What a frame has beside its bytes, on the wire and as the queues count it.
  virtual std::uint64_t frame_overhead_bytes() const noexcept = 0;

  virtual std::string encode(const Hello& hello) const = 0;
  virtual std::string encode(const HelloReply& reply, std::int32_t sequence_id) const = 0;
  // Both throw Malformed. Of another version than this one only `version` and `sequence_id` mean anything; of this one
  // check_client_addresses() holds. Needs: at most kHelloBytesMax bytes.
  virtual Hello decode_hello(std::string_view message) const = 0;
  virtual HelloReply decode_hello_reply(std::string_view message) const = 0;
  // Appends the frames of a message, in place, to `frames`. False: the message is none of frames.
  virtual bool append_frames(std::string_view message, std::vector<tenon_bytes>& frames) const = 0;

  // The socket is non-blocking and sends without delay; the handler lives until on_closed(). A connection takes
  // messages of kHelloBytesMax bytes at first.
  virtual std::shared_ptr<PeerConnection> dialled(PeerConnection::Socket socket, Admission::Ticket ticket,
                                                  const PeerAddress& address, FrameHandler& handler) = 0;
  virtual std::shared_ptr<PeerConnection> accepted(PeerConnection::Socket socket, Admission::Ticket ticket,
                                                   FrameHandler& handler) = 0;
};

}  // namespace tenon::net
