// SPDX-License-Identifier: MIT
// The plugin at work: its thread, its listener, its sessions and its queue.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "dispatcher.hpp"
#include "net/client/submissions.hpp"
#include "net/io_thread.hpp"
#include "net/limited_logger.hpp"
#include "net/listener.hpp"
#include "session.hpp"

namespace tenon::api_thrift {

struct Settings {
  std::vector<net::Address> listen;
  std::uint64_t connections_max;
  std::uint64_t connections_per_address_max;
  net::ConnectionLimits connection;
  std::uint64_t buffer_bytes_max;
  std::uint64_t pipelined_requests_max;
  std::uint64_t queue_depth;
};

// Made, drained and stopped on the host's control thread; everything else happens on its own thread. What one wake-up
// brings is finished together: one submit for all requests, then one send for each connection that has replies.
class Server final : public SessionOwner {
 public:
  // Binds the addresses and begins to serve. Throws Error(IO) when an address cannot be bound; nothing runs then.
  Server(const Host& host, const Settings& settings, Queue queue);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override { stop(); }

  // Takes nothing more from clients, answers what it has taken; returns when that is sent or the time is over.
  void drain(std::chrono::milliseconds timeout);
  // Closes every connection and ends the thread. Harmless the second time.
  void stop();

  Dispatcher& dispatcher() override { return dispatcher_; }
  void finish_later(const std::shared_ptr<Session>& session) override;
  void on_settled() override { tell_when_drained(); }
  void on_closed(Session& session, const net::Closing& closing) override;

 private:
  void accept(net::Listener::Socket socket, net::Admission::Ticket ticket);
  void wait_for_completions();
  void finish_later();
  void finish();
  void begin_drain();
  // Has the timer run out when the dispatcher wants to be asked again.
  void wait_for_time();
  void tell_when_drained();
  void report(const Session& session, const net::Closing& closing);

  const Host host_;
  const Session::Limits session_limits_;
  net::LimitedLogger logger_;
  net::ConnectionEnvironment environment_;
  net::Admission admission_;
  net::IoThread thread_;
  net::Submissions submissions_;
  Dispatcher dispatcher_;
  boost::asio::posix::stream_descriptor completions_;
  boost::asio::steady_timer timer_;
  std::optional<std::chrono::steady_clock::time_point> timer_deadline_;  // nullopt: it does not run
  net::Listener listener_;
  std::map<const Session*, std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> unfinished_sessions_;
  bool finishing_soon_ = false;
  bool draining_ = false;
  std::shared_ptr<std::promise<void>> drained_;
};

}  // namespace tenon::api_thrift
