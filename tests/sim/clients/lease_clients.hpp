// SPDX-License-Identifier: MIT
// Clients of keys that expire. What becomes of the keys the history of the committed entries says (history.hpp); here
// only that no reader is ever shown a key whose expiry has come.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine.hpp"

namespace tenon::sim {

class LeaseClients {
 public:
  static constexpr std::uint64_t kQueue = 3;

  LeaseClients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
               Trace& trace);

  void start();
  // Nothing new is begun.
  void stop() { is_stopped_ = true; }
  bool is_idle() const noexcept { return waiting_.empty(); }
  // Throws Violation.
  void answered(NodeId node, const node::Answer& answer);
  void ended(NodeId node);

 private:
  void begin();
  void send(Machine& machine);

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  bool is_stopped_ = false;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, NodeId> waiting_;  // where each was sent to
};

}  // namespace tenon::sim
