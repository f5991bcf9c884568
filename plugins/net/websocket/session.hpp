// SPDX-License-Identifier: MIT
// Beast's stream under a session. Only the files of this folder know Beast, whose headers are large.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/output_queue.hpp"
#include "net/websocket_session.hpp"

namespace tenon::net {

using SessionClock = std::chrono::steady_clock;

// When bytes last passed, in either direction.
struct Activity {
  SessionClock::time_point input = SessionClock::now();
  SessionClock::time_point output = SessionClock::now();
};

// Beast asks this of every transfer; it has no limit, and takes note.
class Meter {
 public:
  Meter(Activity& activity, const Traffic& traffic) noexcept : activity_(&activity), traffic_(&traffic) {}

 private:
  friend class boost::beast::rate_policy_access;
  static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

  std::size_t available_read_bytes() const noexcept { return kAll; }
  std::size_t available_write_bytes() const noexcept { return kAll; }
  void transfer_read_bytes(std::size_t count) noexcept {
    activity_->input = SessionClock::now();
    traffic_->bytes_received.record(static_cast<double>(count));
  }
  void transfer_write_bytes(std::size_t count) noexcept {
    activity_->output = SessionClock::now();
    traffic_->bytes_sent.record(static_cast<double>(count));
  }
  void on_timer() noexcept {}

  Activity* activity_;
  const Traffic* traffic_;
};

using MeteredStream = boost::beast::basic_stream<boost::asio::ip::tcp, boost::asio::any_io_executor, Meter>;

// A session but for its upgrade.
class Session : public WebSocketSession, public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, Admission::Ticket ticket, WebSocketEnvironment& environment, WebSocketTarget target,
          FrameHandler& handler);

  void start() override;
  void limit_messages(std::uint64_t message_bytes_max) override {
    stream_.read_message_max(static_cast<std::size_t>(message_bytes_max));
  }
  void send(std::string_view message) override;
  void send_part(std::string_view head, Frame loaned) override;
  void flush() override;
  void close(CloseReason reason, std::string_view detail) override;
  std::uint64_t output_bytes() const noexcept override { return output_bytes_; }
  const std::string& peer() const noexcept override { return peer_; }

 protected:
  // The upgrade ends with one of these two.
  void open();
  void fail(const boost::system::error_code& error, const std::string& doing);

  virtual void upgrade() = 0;

  const WebSocketLimits& limits() const noexcept { return environment_.limits; }
  bool closed() const noexcept { return closed_; }

 private:
  struct Message {
    OutputQueue bytes;
    bool of_parts = false;
  };

  void read();
  void on_read(const boost::system::error_code& error);
  void write();
  void on_written(const boost::system::error_code& error);
  void watch();
  void look();
  void ping();

  Activity activity_;

 protected:
  const WebSocketTarget target_;
  boost::beast::websocket::stream<MeteredStream, false> stream_;

 private:
  Admission::Ticket ticket_;
  WebSocketEnvironment& environment_;
  FrameHandler* handler_;
  const std::string peer_;
  boost::asio::steady_timer timer_;
  bool open_ = false;
  bool closed_ = false;
  bool writing_ = false;
  bool pinging_ = false;                           // a ping is on its way to the operating system
  std::optional<SessionClock::time_point> asked_;  // when a ping left that nothing has come after
  boost::beast::flat_buffer input_;
  // output_bytes_ is the sum of what is in waiting_ and, while writing_, in written_.
  std::deque<Message> waiting_;
  Message written_;
  std::vector<boost::asio::const_buffer> buffers_;  // of written_
  std::uint64_t output_bytes_ = 0;
};

}  // namespace tenon::net
