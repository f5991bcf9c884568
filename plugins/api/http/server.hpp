// SPDX-License-Identifier: MIT
// The plugin at work: its thread, its listener, its sessions and its queue.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "live_sockets.hpp"
#include "net/client/submissions.hpp"
#include "net/io_thread.hpp"
#include "net/limited_logger.hpp"
#include "net/listener.hpp"
#include "service.hpp"
#include "session.hpp"

namespace tenon::api_http {

// Made, drained and stopped on the host's control thread; everything else happens on its own thread. What one wake-up
// brings is finished together: one submit for all requests, then one send for each connection that has answers.
class Server final : public SessionOwner {
 public:
  // Binds the addresses and begins to serve. Throws Error(IO) when an address cannot be bound; nothing runs then.
  // `telling` is for what the node says of itself. Needs: both queues have the depth that the settings say.
  Server(const Host& host, const Settings& settings, Queue queue, Queue telling);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override { stop(); }

  // Takes nothing more from clients, answers what it has taken; returns when that is sent or the time is over.
  void drain(std::chrono::milliseconds timeout);
  // Closes every connection and ends the thread. Harmless the second time.
  void stop();

  void take(const std::shared_ptr<Exchange>& exchange) override;
  std::string begin_request(const Request& request) override;
  std::string_view date() override;
  void count_answer(const Request& request, unsigned status, std::string_view request_id) override;
  void finish_later(const std::shared_ptr<Session>& session) override;
  void on_settled() override { tell_when_drained(); }
  void on_closed(Session& session, const std::string& detail) override;

 private:
  void accept(net::Listener::Socket socket, net::Admission::Ticket ticket);
  void wait_for_completions(boost::asio::posix::stream_descriptor& descriptor, net::Submissions& submissions);
  std::vector<std::shared_ptr<Session>> all_sessions() const;
  void wait_for_look();
  void finish_later();
  void finish();
  void begin_drain();
  void tell_when_drained();

  std::string random_id();

  std::mt19937_64 random_{std::random_device()()};  // of request ids, which are no secret
  const Host host_;
  const Settings settings_;
  net::LimitedLogger logger_;
  const Metric requests_;
  std::map<unsigned, Metric> answers_;  // by status
  SessionEnvironment environment_;
  net::Admission admission_;
  net::IoThread thread_;
  net::Submissions submissions_;
  net::Submissions telling_;
  NodeFeeds feeds_;
  LiveEnvironment live_environment_;
  LiveSockets live_;
  Service service_;
  boost::asio::posix::stream_descriptor completions_;
  boost::asio::posix::stream_descriptor told_;
  boost::asio::steady_timer look_timer_;
  net::Listener listener_;
  std::map<const Session*, std::shared_ptr<Session>> sessions_;
  std::vector<std::shared_ptr<Session>> unfinished_sessions_;
  bool finishing_soon_ = false;
  std::shared_ptr<std::promise<void>> drained_;
  std::string date_;
  std::int64_t date_second_ = -1;
};

}  // namespace tenon::api_http
