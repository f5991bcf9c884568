// SPDX-License-Identifier: MIT
// A small client API over TCP on the loopback interface: one thread, one poll(). As it is, it keeps every promise of
// client_api.h; sin.hpp has the ways in which it can be built to break one.
#pragma once

#include <poll.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "chaos/socket.hpp"
#include "message.hpp"
#include "sin.hpp"
#include "tenon/client_api.hpp"

namespace tenon::wrong_client_api {

class PollApi final : public ClientApi {
 public:
  explicit PollApi(Host host);

  void start() override;
  void drain(std::uint64_t timeout_ms) override;
  void stop() override;

 private:
  struct Connection {
    chaos::Socket socket;
    std::string input;
    std::string output;
    std::uint64_t unanswered = 0;
    bool over = false;
  };
  // A call that the queue has taken.
  struct Submitted {
    std::uint64_t connection;
    Call call;
  };

  void run();
  void wake() const;
  void prepare(std::vector<pollfd>& polls) const;
  void serve(const std::vector<pollfd>& polls);
  void accept_new();
  void read(std::uint64_t number, Connection& connection);
  void take_calls(std::uint64_t number, Connection& connection);
  static void write(Connection& connection);
  bool submit(std::uint64_t id, const Call& call) const;
  void answer(Completion completion);
  std::string reply_to(const Call& call, const tenon_completion& completion);
  bool reads_from(const Connection& connection) const;

  const std::uint16_t port_;
  const std::uint64_t queue_depth_;
  const std::uint64_t output_bytes_max_;
  chaos::Socket wake_;
  chaos::Socket listener_;
  Queue queue_;
  std::thread thread_;

  // Held by the thread while it works, not while it waits.
  std::mutex mutex_;
  std::condition_variable settled_;
  std::map<std::uint64_t, Connection> connections_;
  std::map<std::uint64_t, Submitted> submitted_;  // by the id of the request
  std::uint64_t last_connection_ = 0;
  std::uint64_t last_request_ = 0;
  std::string last_value_;  // of a read; for one sin
  bool draining_ = false;
  bool ends_ = false;
};

}  // namespace tenon::wrong_client_api
