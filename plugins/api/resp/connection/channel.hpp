// SPDX-License-Identifier: MIT
// A TCP connection that carries bytes: what came and was not understood yet, and what is yet to be sent.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/admission.hpp"
#include "net/traffic.hpp"

namespace tenon::api_resp {

struct ChannelLimits {
  std::uint64_t input_bytes_max;           // that were not understood yet
  std::uint64_t output_bytes_max;          // that the client has not yet read
  std::chrono::milliseconds idle_timeout;  // 0: none
};

// What the channels of one I/O thread share; it outlives them.
struct ChannelEnvironment {
  ChannelEnvironment(const ChannelLimits& channel_limits, std::uint64_t buffer_bytes_max, const net::Traffic& counters)
      : limits(channel_limits), traffic(counters), budget(buffer_bytes_max) {}

  // An empty buffer, and the way back for one that is not needed: a channel without input or output holds no memory.
  std::string take_buffer();
  void give_back(std::string buffer);

  const ChannelLimits limits;
  const net::Traffic traffic;
  net::BufferBudget budget;
  // Every channel reads into this room.
  std::array<char, std::size_t{64} * 1024> read_room;

 private:
  std::vector<std::string> buffers_;
};

struct Closing {
  net::CloseReason reason;
  std::string detail;  // for people; may be empty
};

// The user of a channel. All calls come on the I/O thread; any of them may call the channel.
class ChannelUser {
 public:
  virtual ~ChannelUser() = default;

  // What has come and was not taken before. Returns how much of it was taken, from its beginning; the rest comes again,
  // with more behind it.
  virtual std::size_t on_input(std::string_view input) = 0;
  // The client will send nothing more. The channel stays until close(), so that what was asked for can be sent.
  virtual void on_input_end() = 0;
  // Everything that was written has been handed to the operating system.
  virtual void on_flushed() = 0;
  // Whether the client waits for this side, so that its silence is not idleness.
  virtual bool busy() const noexcept = 0;
  // The last call; the channel is closed.
  virtual void on_closed(const Closing& closing) = 0;
};

// All of it on the I/O thread. Output is written to output() and leaves with flush(), in one send for everything that
// was written. The bytes it holds are counted in the budget that all channels share.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // The socket must be non-blocking. The user must live until on_closed().
  Channel(Socket socket, net::Admission::Ticket ticket, ChannelEnvironment& environment, ChannelUser& user);

  // Begins to read. Needs: held by a shared_ptr; called once.
  void start();
  // Nothing is handed over until resume_reading().
  void pause_reading() noexcept;
  // Hands over what waits, within this call, and goes on reading. Needs: not called from on_input().
  void resume_reading();
  // Nothing is handed over any more.
  void stop_reading() noexcept;

  // Where to append what is to be sent. Needs: not closed.
  std::string& output();
  // Sends what was written, now as far as the client takes it and later the rest. Closes with kOutputFull when more
  // than output_bytes_max stays behind, and with kMemory when the shared budget is used up.
  void flush();
  // Counts so many bytes in the shared budget for what the user keeps for this client, instead of those before. Closes
  // with kMemory when the budget is used up.
  void count_kept(std::uint64_t bytes);
  // Closes with this reason when everything that was written has been sent, or some seconds later when the client does
  // not take it; takes no more input from now on.
  void close_when_flushed(net::CloseReason reason, std::string_view detail = {});
  // Drops what waits, closes the socket and calls on_closed(). Nothing happens the second time.
  void close(net::CloseReason reason, std::string_view detail = {});

  bool closed() const noexcept { return closed_; }
  // Whether the client has yet to take what an earlier flush() left behind.
  bool is_backlogged() const noexcept { return waiting_to_write_; }
  std::uint64_t output_bytes() const noexcept { return output_.size() - sent_; }
  std::uint64_t input_bytes() const noexcept { return input_.size(); }
  // Of the two sides, as host:port.
  const std::string& peer() const noexcept { return peer_; }
  const std::string& local() const noexcept { return local_; }
  int descriptor() const noexcept { return descriptor_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Reading { kOn, kPaused, kEnded };

  void wait_readable();
  void read();
  void take(std::string_view received);
  bool hold(std::uint64_t bytes);
  void write();
  void wait_writable();
  void sent_all();
  void wait_idle();

  Socket socket_;
  const net::Admission::Ticket ticket_;
  ChannelEnvironment& environment_;
  ChannelUser* user_;  // null when closed
  const std::string peer_;
  const std::string local_;
  const int descriptor_;
  Reading reading_ = Reading::kOn;
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
  bool closed_ = false;
  std::string input_;          // came, and was not taken
  std::string output_;         // its bytes before sent_ have left
  std::size_t sent_ = 0;       // <= output_.size()
  std::uint64_t counted_ = 0;  // of output_, in the budget
  std::uint64_t kept_ = 0;     // by the user, in the budget
  bool closes_when_flushed_ = false;
  Closing closing_{};
  Clock::time_point last_activity_ = Clock::now();
  boost::asio::steady_timer idle_timer_;
};

}  // namespace tenon::api_resp
