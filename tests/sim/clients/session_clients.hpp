// SPDX-License-Identifier: MIT
// Clients that count, each in a session of its own: a client adds one to a counter, and repeats that under the same
// sequence, at any node, until it is told that it is done. So the sum that a request is answered with is its sequence.
// A session that has expired leaves one request of which nothing is known, and the client begins anew with another.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

class SessionClients {
 public:
  static constexpr std::uint64_t kQueue = 2;

  SessionClients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
                 Trace& trace);

  void start();
  // Nothing is begun or repeated any more.
  void stop() { is_stopped_ = true; }
  bool is_idle() const noexcept { return waiting_.empty(); }
  // Throws Violation.
  void answered(NodeId node, const node::Answer& answer);
  void ended(NodeId node);

 private:
  struct Client {
    std::uint64_t session = 0;  // 0: none
    std::uint64_t sequence = 0;
  };
  struct Request {
    std::size_t client;
    NodeId node;
  };

  void go_on(std::size_t client);
  void send(std::size_t client, Machine& machine);
  void judge(Client& client, const kv::Reply& reply);

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  bool is_stopped_ = false;
  std::uint64_t last_request_ = 0;
  std::vector<Client> clients_;
  std::map<std::uint64_t, Request> waiting_;
};

}  // namespace tenon::sim
