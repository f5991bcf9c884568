// SPDX-License-Identifier: MIT
// A TCP connection that carries frames: a length as 32 bits, big-endian, and then as many bytes, as Thrift's framed
// transport writes them.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/admission.hpp"
#include "net/output_queue.hpp"
#include "net/traffic.hpp"

namespace tenon::net {

struct ConnectionLimits {
  std::uint32_t frame_bytes_max;           // of one frame that comes in, without its length
  std::uint64_t output_bytes_max;          // of output that the peer has not yet read
  std::chrono::milliseconds idle_timeout;  // 0: none
};

// What the connections of one I/O thread share; it outlives them.
struct ConnectionEnvironment {
  ConnectionEnvironment(const ConnectionLimits& connection_limits, std::uint64_t buffer_bytes_max,
                        const Traffic& counters)
      : limits(connection_limits), traffic(counters), budget(buffer_bytes_max) {}

  const ConnectionLimits limits;
  const Traffic traffic;
  BufferBudget budget;
  // Every connection reads into this room, so that one without a partial frame holds no memory for input.
  std::array<char, std::size_t{64} * 1024> read_room;
};

struct Closing {
  CloseReason reason;
  std::string detail;         // for people; may be empty
  std::uint32_t length_word;  // of FRAME_TOO_LARGE: what stood where a length was expected
};

// The user of a connection. All calls come on the I/O thread; any of them may call the connection.
class FrameHandler {
 public:
  virtual ~FrameHandler() = default;

  // A whole frame without its length. The bytes are gone when the on_frames_end() or on_closed() that follows returns.
  virtual void on_frame(std::string_view frame) = 0;
  // All frames that were there have been handed over, one or more since the last time.
  virtual void on_frames_end() {}
  // The peer will send nothing more. The connection stays until close(), so that what the peer asked for can be sent.
  virtual void on_input_end() = 0;
  // Some of what was queued has been handed to the operating system.
  virtual void on_output_sent() {}
  // Everything that was queued has been handed to the operating system.
  virtual void on_flushed() = 0;
  // Whether the peer waits for this side, so that its silence is not idleness.
  virtual bool busy() const noexcept = 0;
  // The last call; the connection is closed.
  virtual void on_closed(const Closing& closing) = 0;
};

// All of it on the I/O thread. Output is queued by send() and leaves with flush(), in one gathered send for everything
// that is queued. 0 <= partial input < 4 + the bound of a frame, but for what came in the same read or while reading
// paused, which is at most the shared room more.
class FramedConnection : public std::enable_shared_from_this<FramedConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // The socket must be non-blocking. The handler must live until on_closed().
  FramedConnection(Socket socket, Admission::Ticket ticket, ConnectionEnvironment& environment, FrameHandler& handler);

  // Begins to read. Needs: held by a shared_ptr; called once.
  void start();
  // No frame is handed over until resume_reading(), which goes on from the event loop and not from within the call.
  void pause_reading() noexcept;
  void resume_reading();
  // From the next frame on, another bound takes the place of ConnectionLimits::frame_bytes_max.
  void limit_frames(std::uint32_t frame_bytes_max) noexcept { frame_bytes_max_ = frame_bytes_max; }
  // No frame is handed over any more; on_input_end() does not come either.
  void stop_reading() noexcept;

  // Queues a frame. Closes with kMemory when the shared budget is used up. Nothing happens on a closed connection.
  // Needs: payload.size() < 4 GiB.
  void send(std::string_view payload);
  // Queues one frame that is `head`, the bytes of `loaned` and `tail`, as send() does. A large loan is sent from where
  // it lies and ends when it has been sent, or with the connection.
  void send(std::string_view head, Frame loaned, std::string_view tail);
  // Sends what is queued, now as far as the peer takes it and later the rest. Closes with kOutputFull when more than
  // output_bytes_max stays behind.
  void flush();
  // Tells the peer that nothing more will come. Needs: output_bytes() is 0.
  void shutdown_output() noexcept;
  // Drops what is queued, closes the socket and calls on_closed(). Nothing happens the second time.
  void close(CloseReason reason, std::string_view detail = {});

  bool closed() const noexcept { return closed_; }
  std::uint64_t output_bytes() const noexcept { return output_.bytes(); }
  // Of the other side, as host:port.
  const std::string& peer() const noexcept { return peer_; }

 private:
  enum class Reading { kOn, kPaused, kEnded };
  using Clock = std::chrono::steady_clock;

  void wait_readable();
  void read();
  void take(std::string_view received);
  std::size_t hand_over(std::string_view bytes);
  void keep(std::string_view rest, std::size_t consumed);
  bool take_room(std::uint64_t payload_bytes);
  void write();
  void wait_writable();
  void drop_sent(std::size_t sent);
  void wait_idle();
  void close(const Closing& closing);

  Socket socket_;
  Admission::Ticket ticket_;
  ConnectionEnvironment& environment_;
  FrameHandler* handler_;
  std::uint32_t frame_bytes_max_;
  std::string peer_;
  Reading reading_ = Reading::kOn;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool handing_over_ = false;
  bool closed_ = false;
  std::string input_;  // what has come of frames that have not been handed over
  OutputQueue output_;
  boost::asio::steady_timer idle_timer_;
  Clock::time_point last_activity_ = Clock::now();
};

}  // namespace tenon::net
