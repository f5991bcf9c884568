// SPDX-License-Identifier: MIT
// The plugin at work: its thread, its listener, its clients and its queue.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <memory>
#include <vector>

#include "client.hpp"
#include "net/io_thread.hpp"
#include "net/limited_logger.hpp"
#include "net/listener.hpp"
#include "service.hpp"
#include "submissions.hpp"

namespace tenon::api_resp {

// Made, drained and stopped on the host's control thread; everything else happens on its own thread. What one wake-up
// brings is finished together: one submit for all requests, then one send for each client that has replies.
class Server final : public ServiceOwner {
 public:
  // Binds the addresses and begins to serve. Throws Error(IO) when an address cannot be bound; nothing runs then.
  Server(const Host& host, const Settings& settings, Queue queue);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { stop(); }

  // Takes nothing more from clients, answers what it has taken; returns when that is sent or the time is over.
  void drain(std::chrono::milliseconds timeout);
  // Closes every connection and ends the thread. Harmless the second time.
  void stop();

  void finish_later(Client& client) override;
  void on_settled() override { tell_when_drained(); }
  void try_again_later() override;
  void on_closed(Client& client, const Closing& closing) override;

 private:
  void accept(net::Listener::Socket socket, net::Admission::Ticket ticket);
  void wait_for_completions();
  void finish_later();
  void finish();
  void begin_drain();
  void tell_when_drained();
  void report(const Client& client, const Closing& closing);

  const Host host_;
  const Settings settings_;
  net::LimitedLogger logger_;
  ChannelEnvironment environment_;
  net::Admission admission_;
  net::IoThread thread_;
  Submissions submissions_;
  boost::asio::posix::stream_descriptor completions_;
  boost::asio::steady_timer retry_;
  net::Listener listener_;
  Service service_;
  std::uint64_t last_client_ = 0;
  std::vector<std::shared_ptr<Client>> unfinished_clients_;
  std::vector<std::shared_ptr<Client>> finishing_clients_;  // empty but within finish(); keeps its memory
  bool finishing_soon_ = false;
  bool is_stopping_ = false;
  std::shared_ptr<std::promise<void>> drained_;
};

}  // namespace tenon::api_resp
