// SPDX-License-Identifier: MIT
// Clients that do to a few keys all that a history can be judged by without knowing anything of revisions: get, put,
// delete, append, increment, compare and set, create. What they did and saw is recorded as any client outside could:
//
//   I41  the history of each key is linearizable, those of unknown outcome having taken effect at any time or never
//
// A key that has met many unknown outcomes is left for a fresh one, for each makes the judging harder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine.hpp"
#include "support/linearizability.hpp"

namespace tenon::sim {

class RegisterClients {
 public:
  static constexpr std::uint64_t kQueue = 5;

  RegisterClients(const Options& options, EventQueue& events, std::vector<std::unique_ptr<Machine>>& machines,
                  Trace& trace);

  void start();
  // Nothing new is begun.
  void stop() { is_stopped_ = true; }
  bool is_idle() const noexcept { return waiting_.empty(); }
  // Throws Violation.
  void answered(NodeId node, const node::Answer& answer);
  void ended(NodeId node);
  // Reads every key a last time, in this store. Throws Violation.
  void check_final(const kv::Store& store);
  const support::Operations& history() const noexcept { return history_; }

 private:
  struct Request {
    NodeId node;
    std::size_t operation;  // in history_
    std::size_t key;
  };
  struct Key {
    std::string name;
    std::uint64_t operations = 0;
    std::uint64_t unknown = 0;
    std::vector<std::string> values;  // that were put last
  };

  void begin(std::size_t client);
  void send(std::size_t client, Machine& machine);
  support::Operation draw(Key& key, std::uint64_t number);
  Key& pick_key(std::size_t& number);
  void finish(const Request& request, support::Outcome outcome);
  static void take(const kv::Reply& reply, support::Operation& operation);

  const Options& options_;
  EventQueue& events_;
  std::vector<std::unique_ptr<Machine>>& machines_;
  Trace& trace_;
  Stream random_;
  Stream ways_;
  bool is_stopped_ = false;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_key_ = 0;
  std::vector<Key> keys_;           // in use
  std::vector<std::string> names_;  // of all that ever were
  std::map<std::uint64_t, Request> waiting_;
  support::Operations history_;
};

}  // namespace tenon::sim
